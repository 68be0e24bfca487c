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
