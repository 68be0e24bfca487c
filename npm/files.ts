// Components as files of a project: which files they are, what they are called, where the modules
// are that serve them, and their types beside them.

import { closeSync, existsSync, openSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import process from "node:process";
import { typesPath } from "../host/esm/module_types.ts";
import { isComponent } from "../host/esm/outline.ts";

/** A module's id without its query. */
export function pathOf(id: string): string {
  return id.replace(/\?.*$/, "");
}

/** Whether a module's id is that of a component, or of its source. Other queries are the bundler's. */
export function isComponentFile(id: string): boolean {
  if (!/\.wasm(?:\?source)?$/.test(id) || !existsSync(pathOf(id))) return false;
  const file = openSync(pathOf(id), "r"), preamble = new Uint8Array(8);
  try {
    return readSync(file, preamble) === 8 && isComponent(preamble);
  } finally {
    closeSync(file);
  }
}

/** Whether a file is the project's own, so that something may be written beside it. */
export function isOwnFile(path: string): boolean {
  return !path.split(/[/\\]/).includes("node_modules");
}

function posix(path: string): string {
  return path.split(sep).join("/");
}

/** What a component is called: its path from the working directory. */
export function nameOf(path: string): string {
  return posix(relative(process.cwd(), path));
}

/** How the module of a component imports something: a path that was given becomes relative to it. */
export function specifierFrom(path: string, target: string): string {
  if (!/^\.{0,2}\//.test(target)) return target;
  const way = posix(relative(dirname(path), resolve(target)));
  return way.startsWith("../") ? way : `./${way}`;
}

/** Writes types beside a component, if they are others than those that are there. */
export function writeTypes(path: string, text: string): void {
  const file = typesPath(path);
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
}
