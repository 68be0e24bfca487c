// What the component imports as demo:greet/host.
export function log(line) {
  console.log(line);
}
