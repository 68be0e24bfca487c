import { api } from "./greet.js";

addEventListener("message", ({ data }) => postMessage(api.greet(data)));
postMessage("ready");
