// Which gates a `.wast` script wants to be open, and whether its components are only to be validated.
// The text of a script enters.

/**
 * The gates that the reference suite's README opens, and those that Wasmtime's scripts ask for in
 * their heads. A script of wasm-tools has its gates in the line that says how to run it.
 */
export function gatesOf(text: string): Record<string, boolean> {
  const run = runLine(text);
  if (run !== undefined) return wasmToolsGates(run);
  const gates: Record<string, boolean> = {
    "more-async-builtins": true,
    "threading": true,
    "async-stackful": true,
    "fixed-length-lists": true,
  };
  for (const [, name = "", value] of text.matchAll(/^;;! *(?:component_model_)?(\w+) *= *(true|false)$/gm)) {
    const gate = name.replaceAll("_", "-");
    if (wasmtimeGates.has(gate)) gates[gate] = value === "true";
  }
  return gates;
}

/** `-f cm-async,cm64`, `--features=-cm-map`: what begins with a minus is closed. Other features are the engine's. */
function wasmToolsGates(run: string): Record<string, boolean> {
  const gates: Record<string, boolean> = {};
  for (const [, list = ""] of run.matchAll(/ (?:-f|--features)[ =](\S+)/g)) {
    for (const item of list.split(",")) {
      const [, closed, name = ""] = /^(-?)(.*)$/.exec(item)!;
      const gate = name === "cm64"
        ? "memory64"
        : name === "shared-everything-threads"
        ? name
        : /^cm-(.+)$/.exec(name)?.[1];
      if (gate !== undefined) gates[gate] = closed === "";
    }
  }
  return gates;
}

const wasmtimeGates = new Set(["error-context", "implements", "map", "memory64", "fixed-length-lists"]);

/** How to run a script of wasm-tools, as its head says. */
function runLine(text: string): string | undefined {
  return /^;; *RUN(?:\[\w+\])?: (?:.*\\\n;;)*.*/m.exec(text)?.[0];
}

/** Whether components are validated and not instantiated: wasm-tools runs nothing. */
export function onlyValidates(text: string): boolean {
  return runLine(text) !== undefined;
}
