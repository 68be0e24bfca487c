// A time limit for a guest that may never end: it runs in a worker, which is terminated when its
// time is up.
// Node and Bun stop it there. In Deno 2.9.6 its thread spins on until the process ends: a program
// that can, ends with Deno.exit().

import { compile } from "@windlass/component";

/** A call for a worker: an exported interface (empty for the root), a function, its arguments. */
export interface GuestCall {
  readonly path: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Calls an export of a component, for so many milliseconds at most. */
export async function callWithin(bytes: Uint8Array<ArrayBuffer>, call: GuestCall, ms: number): Promise<unknown> {
  const { modules } = await compile(bytes);
  const worker = new Worker(import.meta.resolve("./guest_worker.ts"), { type: "module" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`the guest did not end within ${ms} ms`)), ms);
      worker.onmessage = ({ data }) => "error" in data ? reject(new Error(data.error)) : resolve(data.value);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage({ bytes, modules, ...call });
    });
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}

if (import.meta.main) {
  const bytes = await Deno.readFile("tests/e2e/fixtures/greet.wasm");
  console.log(await callWithin(bytes, { path: "", name: "version", args: [] }, 5000));
  Deno.exit(0);
}
