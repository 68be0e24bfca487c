// What the component imports as demo:greet/host.
export const lines = [];

export function log(line) {
  lines.push(line);
}
