// What the engine at hand says: its words are its own, ours around them are not.

import { type FeatureName, features } from "../../core/module/features.ts";
import { engineMessage } from "../../errors.ts";

/** What this engine throws for an action, in words. */
export function engineSays(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return engineMessage(error as Error);
  }
  throw new Error("the engine had nothing to say");
}

/** Whether a guest can sleep: suspended, or with its thread, which a browser's page has not. */
export const canSleep: boolean = features.jspi || !("document" in globalThis);

/** Whether streams of bytes fill a buffer that the reader gives. WebKit's do not. */
export const byteStreams: boolean = hasByteStreams();

function hasByteStreams(): boolean {
  try {
    new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" });
    return true;
  } catch {
    return false;
  }
}

/** Runs an action in an engine that lacks a feature, as far as the library can tell. */
export async function withoutFeature(name: FeatureName, action: () => unknown): Promise<void> {
  const real = Object.getOwnPropertyDescriptor(features, name)!;
  Object.defineProperty(features, name, { configurable: true, enumerable: true, value: false });
  try {
    await action();
  } finally {
    Object.defineProperty(features, name, real);
  }
}

/**
 * A shared buffer of a page. A browser has the class only where the page is isolated from other
 * origins; a memory has a buffer everywhere.
 */
export function sharedBuffer(): SharedArrayBuffer {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  return memory.buffer as unknown as SharedArrayBuffer;
}

// (module (func (export "f") unreachable))
const trap = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
  ...[7, 5, 1, 1, 0x66, 0, 0, 10, 5, 1, 3, 0, 0, 0x0b],
);

/** What it says of an `unreachable`. */
export const unreachable: string = engineSays(
  new WebAssembly.Instance(new WebAssembly.Module(trap)).exports["f"] as () => void,
);

/**
 * Whether there is time for memories of more than 4 GiB: browsers make each of them ready as a whole,
 * and Firefox takes minutes.
 */
export const hasLargeMemories: boolean = features.memory64 && "process" in globalThis;
