import { api } from "./greet.js";

document.querySelector("output").textContent = api.greet("strict page");
