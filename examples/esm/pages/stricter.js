import { api } from "./source/greet.js";

document.querySelector("output").textContent = api.greet("stricter page");
