// The files of this folder in Deno, Node and Bun, found from the folder that a bench runs in: on
// other runtimes than Deno it runs from a bundle.

import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { Files } from "./subjects.ts";

const root = pathToFileURL(`${process.cwd()}/bench/`);

export const files: Files = {
  read: (path) => new Uint8Array(readFileSync(new URL(path, root))),
  load: async (path) => existsSync(new URL(path, root)) ? await import(new URL(path, root).href) : undefined,
};
