// The runtime's own modules (`node:fs` and others), where there are any: Deno, Node and Bun have them, a browser has none.
// Asked for at run time, so that a bundle for browsers needs no stand-in for them.

/** The modules that are used. */
export interface BuiltinModules {
  readonly "node:fs": typeof import("node:fs");
  readonly "node:net": typeof import("node:net");
  readonly "node:dgram": typeof import("node:dgram");
  readonly "node:dns": typeof import("node:dns");
  readonly "node:tty": typeof import("node:tty");
  readonly "node:path": typeof import("node:path");
}

interface Process {
  readonly platform?: string;
  getBuiltinModule?(name: string): unknown;
}
const { process } = globalThis as { process?: Process };

/** One of the runtime's modules; `undefined` where it has none of that name. */
export function builtin<K extends keyof BuiltinModules>(name: K): BuiltinModules[K] | undefined {
  return process?.getBuiltinModule?.(name) as BuiltinModules[K] | undefined;
}

/** One of the runtime's modules; an error that names what was wanted of it where it has none. */
export function required<K extends keyof BuiltinModules>(name: K, what: string): BuiltinModules[K] {
  const found = builtin(name);
  if (found === undefined) throw new TypeError(`${what} need ${name}, which this runtime does not have`);
  return found;
}

/** Whether paths are Windows's. */
export const windows: boolean = process?.platform === "win32";
