import { api } from "./greet.wasm";

addEventListener("message", ({ data }) => postMessage(api.greet(data)));
postMessage("ready");
