// A signal that another thread sets, and a worker that sets it while the main thread computes.

import { Worker } from "node:worker_threads";

/** A signal that is aborted as soon as its flag is not 0. It has no event to tell anybody of it. */
export function signalOf(flag: Int32Array, reason?: unknown): AbortSignal {
  return Object.defineProperties(new AbortController().signal, {
    aborted: { get: () => Atomics.load(flag, 0) !== 0 },
    reason: { get: () => reason },
  });
}

/** Waits until the second number is set, and a little longer, and sets the first. */
const program = `import { parentPort, workerData } from "node:worker_threads";
parentPort.postMessage("ready");
Atomics.wait(workerData, 1, 0);
Atomics.wait(workerData, 2, 0, 20);
Atomics.store(workerData, 0, 1);`;

/** Starts a worker that sets the flag soon after `go`. */
export async function startFlagging(): Promise<{ flag: Int32Array; go: () => void; end: () => Promise<void> }> {
  const flag = new Int32Array(new SharedArrayBuffer(12));
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), { workerData: flag });
  const ended = new Promise<void>((done) => worker.once("exit", () => done()));
  await new Promise((ready, failed) => worker.once("message", ready).once("error", failed));
  const go = (): void => {
    Atomics.store(flag, 1, 1);
    Atomics.notify(flag, 1);
  };
  return {
    flag,
    go,
    end: async () => {
      go();
      await worker.terminate();
      await ended;
    },
  };
}
