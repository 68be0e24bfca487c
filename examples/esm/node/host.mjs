// What greet.wasm imports as demo:greet/host.
export function log(line) {
  console.log(`the component says: ${line}`);
}
