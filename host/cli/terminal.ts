// Reads components from files or the standard input, writes results, and shows on a terminal that a
// component is being compiled.

import { writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { UsageError } from "./arguments.ts";
import { size } from "./inspect.ts";

let listened = false;

/**
 * Writes to the standard output, and waits until it is out: the process ends right afterwards. Who
 * closed it wants no more.
 */
export function say(text: string): Promise<void> {
  // The stream tells an error to the callback, and then once more to whoever listens: nobody would
  // be the process's end.
  if (!listened) process.stdout.on("error", () => {});
  listened = true;
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error && (error as { code?: string }).code !== "EPIPE") reject(error);
      else resolve();
    });
  });
}

/** Reads a component: `-` is the standard input. */
export async function load(file: string): Promise<Uint8Array<ArrayBuffer>> {
  if (file !== "-") return new Uint8Array(await readFile(file));
  if (process.stdin.isTTY) {
    throw new UsageError("the standard input is a terminal: a component must come from a pipe or file");
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/**
 * From this size on compiling may take half a second: a component that is all types does, on a slow
 * machine.
 */
const LARGE = 256 * 1024;

/**
 * Shows on a terminal what is under way while it is. For what may take long the line is there
 * before it begins: compiling keeps the thread busy, so that no timer would come to write it.
 */
export async function waiting<T>(file: string, bytes: Uint8Array, compile: () => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY || bytes.length < LARGE) return await compile();
  show(`compiling ${file} (${size(bytes.length)})…`);
  try {
    return await compile();
  } finally {
    show("\r\x1b[K");
  }
}

/** Writes to the terminal at once. */
function show(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // A terminal that takes nothing now goes without the line.
  }
}
