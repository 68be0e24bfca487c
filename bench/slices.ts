// deno task bench:slices: how late a deadline ends a guest that loops for ever, and how late a timer
// of 16 ms fires while such a guest runs in slices of 10 ms.

import { compile, Linker } from "@windlass/component";

/** A component that exports `f`, which never returns. */
const forever = new Uint8Array([
  ...[0, 97, 115, 109, 13, 0, 1, 0, 1, 36, 0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102],
  ...[0, 0, 10, 9, 1, 7, 0, 3, 64, 12, 0, 11, 11, 2, 4, 1, 0, 0, 0, 6, 7, 1, 0, 0, 1, 0, 1, 102, 7, 5, 1, 64, 0, 1, 0],
  ...[8, 6, 1, 0, 0, 0, 0, 0, 11, 7, 1, 0, 1, 102, 1, 0, 0],
]);
const linked = new Linker().link(await compile(forever, { metering: true }));

/** Median and 99th percentile of milliseconds. */
function show(what: string, times: number[]): void {
  times.sort((left, right) => left - right);
  const at = (part: number) => times[Math.floor(times.length * part)]!.toFixed(1);
  console.log(`${what}: ${at(0.5)} ms in the median, ${at(0.99)} ms in the 99th percentile`);
}

const DEADLINE = 20;
show(
  `ended after a deadline of ${DEADLINE} ms by`,
  Array.from({ length: 200 }, () => {
    const { exports } = linked.instantiateSync({ limits: { deadline: DEADLINE } }), start = performance.now();
    try {
      exports.f();
    } catch {
      // the Trap `deadline`
    }
    return performance.now() - start - DEADLINE;
  }),
);

const ending = new AbortController();
const instance = linked.instantiateSync({ limits: { slice: 10 }, signal: ending.signal });
const running = instance.promising.exports.f().catch(() => {});
const waits: number[] = [];
for (let i = 0; i < 400; i++) {
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 16));
  waits.push(performance.now() - start);
}
ending.abort();
await running;
show("a timer of 16 ms fires, beside slices of 10 ms, after", waits);
