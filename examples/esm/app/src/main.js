// A component is imported like any module. `api` is its interface demo:greet/api, `version` a
// function of its own.
import * as greeter from "./greet.wasm";
import { lines } from "./host.js";

function show({ api, version }) {
  const text = `${api.greet("world")} Version ${version()}, ${lines.length} line said.`;
  if (globalThis.document === undefined) console.log(text);
  else document.querySelector("output").textContent = text;
}
show(greeter);

// Vite's dev server: another greet.wasm takes its place without a reload.
import.meta.hot?.accept("./greet.wasm", show);
