// What an error means to somebody at a terminal, and what to do about it.
// An error of the library or of the operating system enters, a line leaves: what failed, where, and
// the mend in the words of the command line.

import process from "node:process";
import { CompileError, LinkError, Trap, ValueError } from "../../errors.ts";
import { Failure, UsageError } from "./arguments.ts";

/** What the codes of the library's errors ask for. */
const BY_CODE: Readonly<Record<string, string>> = {
  "core-module": "`wasm-tools component new` makes a component of a core module that was built for one",
  "memory-cap": "--max-memory-pages N allows more",
  "out-of-fuel": "--fuel N gives more",
  "deadline": "--timeout MS gives more time",
  "missing-import": "--plug FILE gives a component that exports it",
  "missing-export": "--invoke calls a function here",
};

/** What the operating system's errors ask for. */
const BY_SYSTEM: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `there is no ${path} in ${process.cwd()}: check the path`,
  EISDIR: (path) => `${path} is a folder: name a file in it`,
  ENOTDIR: (path) => `${path} is no folder, or a part of its path is none: name a folder`,
  EACCES: (path) => `this process may not use ${path}: check its permissions`,
  EPERM: (path) => `this process may not use ${path}: check its permissions`,
  EADDRINUSE: (path) => `${path} is in use: --addr HOST:PORT chooses another address, port 0 any free one`,
  EADDRNOTAVAIL: (path) => `this machine has no address ${path}: --addr HOST:PORT chooses another`,
};

/** What failed, with the mend. */
export function describe(error: unknown): string {
  if (error instanceof CompileError && error.code === "unexpected-end" && error.message.endsWith("(at offset 0x0)")) {
    return `error: ${error.message}; there is nothing in it: was it built, or is it empty by mistake?`;
  }
  if (error instanceof CompileError || error instanceof LinkError) return mended(`error: ${error.message}`, error.code);
  if (error instanceof Trap) return mended(`error: the component trapped: ${error.message}`, error.code);
  if (error instanceof ValueError || error instanceof UsageError || error instanceof Failure) {
    return `error: ${error.message}`;
  }
  if (!(error instanceof Error)) return `error: ${error}`;
  const { code, path, address, port } = error as { code?: string; path?: string; address?: string; port?: number };
  const place = path ?? (address === undefined ? undefined : `${address}${port === undefined ? "" : `:${port}`}`);
  const known = code === undefined ? undefined : BY_SYSTEM[code];
  if (known !== undefined && place !== undefined) return `error: ${known(place)}`;
  // The stack is shown only for errors that nobody expected.
  return code !== undefined || error instanceof TypeError
    ? `error: ${error.message}`
    : `error: ${error.stack ?? error.message}`;
}

function mended(line: string, code: string): string {
  const mend = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  // Who gives WASI's interfaces knows better what is missing of them.
  if (mend === undefined || code === "missing-import" && / import wasi:/.test(line)) return line;
  if (code === "missing-export" && !line.includes("instantiate(")) return line;
  return `${line}; ${mend}`;
}
