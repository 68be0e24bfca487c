// Clocks and random numbers, the platform's and given ones.

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Trap } from "@windlass/component";
import { interfacesOf } from "./support.ts";

Deno.test("the platform's clocks", async () => {
  const of = await interfacesOf();
  const wall = of("clocks/wall-clock"), monotonic = of("clocks/monotonic-clock");
  const { seconds, nanoseconds } = wall.now();
  assert(Math.abs(Number(seconds) - Date.now() / 1000) < 2);
  assert(nanoseconds >= 0 && nanoseconds < 1e9);
  const first = monotonic.now();
  assert(first >= 0n && first < 10_000_000_000n);
  await monotonic.subscribeInstant(first + 10_000_000n).block();
  assert(monotonic.now() >= first + 10_000_000n);
  assert(monotonic.subscribeInstant(first).ready());
  assert(wall.resolution().nanoseconds > 0 && monotonic.resolution() > 0n);
});

/**
 * Runs with other clocks than the platform's: milliseconds of the wall clock and of
 * `performance.now()`.
 */
async function withClocks(use: (clocks: { wall: number; monotonic: number }) => void | Promise<void>): Promise<void> {
  const clocks = { wall: 1_700_000_000_000, monotonic: 5000 };
  const { now } = Date, { performance: real } = globalThis, fake = { now: () => clocks.monotonic };
  Date.now = () => Math.floor(clocks.wall);
  Object.defineProperty(globalThis, "performance", { value: fake, configurable: true, writable: true });
  try {
    await use(clocks);
  } finally {
    Date.now = now;
    Object.defineProperty(globalThis, "performance", { value: real, configurable: true, writable: true });
  }
}

const nanoseconds = ({ seconds, nanoseconds }: { seconds: bigint; nanoseconds: number }): bigint =>
  seconds * 1_000_000_000n + BigInt(nanoseconds);

Deno.test("the wall clock follows the system's: set forward, set back, and after the machine was suspended", async () => {
  const of = await interfacesOf();
  await withClocks((clocks) => {
    const wall = () => nanoseconds(of("clocks/wall-clock").now());
    const isNow = () => assertEquals(wall() / 1_000_000n, BigInt(Math.floor(clocks.wall)));
    isNow();
    for (const step of [3_600_000, -7_200_000, 1, -1, 86_400_000]) {
      clocks.wall += step; // set, or gone on while `performance.now()` stood still
      isNow();
      clocks.monotonic += 0.4;
      clocks.wall += 0.4;
      isNow();
    }
    // A wall clock that goes slower or faster than the monotonic one never runs away from it.
    for (const rate of [0.9, 1.1]) {
      for (let i = 0; i < 100; i++) {
        clocks.monotonic += 0.3;
        clocks.wall += 0.3 * rate;
        isNow();
      }
    }
  });
});

Deno.test("the wall clock tells parts of a millisecond, and goes forward within one", async () => {
  const of = await interfacesOf();
  await withClocks((clocks) => {
    const times: bigint[] = [];
    for (let i = 0; i < 1000; i++) {
      clocks.monotonic += 0.05;
      clocks.wall += 0.05;
      times.push(nanoseconds(of("clocks/wall-clock").now()));
    }
    for (let i = 1; i < times.length; i++) assert(times[i]! >= times[i - 1]!, `${times[i - 1]} then ${times[i]}`);
    assert(new Set(times).size > 500);
  });
});

Deno.test("the monotonic clock does not follow the wall clock", async () => {
  const of = await interfacesOf();
  await withClocks((clocks) => {
    const monotonic = of("clocks/monotonic-clock").now, first = monotonic();
    clocks.wall -= 3_600_000;
    assertEquals(monotonic(), first);
    clocks.monotonic += 2;
    assertEquals(monotonic() - first, 2_000_000n);
  });
});

Deno.test("the insecure seed stands for a value: each guest has one, the same at each call", async () => {
  const seed = (await interfacesOf())("random/insecure-seed").insecureSeed;
  assertEquals(seed(), seed());
  assertNotEquals(seed(), (await interfacesOf())("random/insecure-seed").insecureSeed());
});

Deno.test("a given clock", async () => {
  let time = 1_500_000_000n;
  const of = await interfacesOf({ clocks: { now: () => time++ } });
  assertEquals(of("clocks/wall-clock").now(), { seconds: 1n, nanoseconds: 500_000_000 });
  assertEquals(of("clocks/monotonic-clock").now(), 1_500_000_001n);
  await of("clocks/monotonic-clock").subscribeDuration(1_000_000n).block();
});

Deno.test("random numbers", async () => {
  const { getRandomBytes, getRandomU64 } = (await interfacesOf())("random/random");
  assertNotEquals(getRandomU64(), getRandomU64());
  const bytes = getRandomBytes(200_000n);
  assertEquals(bytes.length, 200_000);
  assert(new Set(bytes).size === 256);
  assertThrows(() => getRandomBytes(1n << 40n), Trap, "random bytes at once");
  assertEquals(getRandomBytes(0n).length, 0);
});

Deno.test("seeded random numbers are the same each time, and unlike those of another seed", async () => {
  const numbers = async (seed: bigint) => {
    const of = await interfacesOf({ random: { seed } });
    return [
      of("random/random").getRandomU64(),
      ...of("random/random").getRandomBytes(11n),
      of("random/insecure").getInsecureRandomU64(),
      ...of("random/insecure-seed").insecureSeed(),
    ];
  };
  assertEquals(await numbers(7n), await numbers(7n));
  assertNotEquals(await numbers(7n), await numbers(8n));
  // SplitMix64 of seed 0, as published.
  assertEquals((await numbers(0n))[0], 0xe220a8397b1dcdafn);
});
