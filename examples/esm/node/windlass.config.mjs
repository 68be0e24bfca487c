// What gives what components import, and what WASI grants to which.
export const imports = { "demo:greet/host": "./host.mjs" };

export function wasi(component) {
  return component === "hello.wasm" ? { args: ["hello", "Node"], stdout: "inherit" } : {};
}
