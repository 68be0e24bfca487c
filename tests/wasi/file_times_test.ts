// Times of files and directories, as the operating system has them afterwards (`stat` and `touch`
// are GNU's).

import { assert, assertEquals } from "@std/assert";
import { linux, runtimeVersions } from "../../host/wasi/base/platform.ts";
import { type Any, bad, good, interfacesOf, output, withDirectory } from "./support.ts";

async function preopened(path: string): Promise<Any> {
  const of = await interfacesOf({ preopens: { "/": path } });
  return of("filesystem/preopens").getDirectories()[0][0];
}

const rw = { read: true, write: true }, follow = { symlinkFollow: true };
const keep = { tag: "no-change" }, now = { tag: "now" };
const at = (seconds: bigint, nanoseconds = 0) => ({ tag: "timestamp", val: { seconds, nanoseconds } });

/**
 * How far a time that is kept may be off, in nanoseconds: what the runtime can say (file_times.ts).
 */
function unit(): bigint {
  const { deno, bun } = runtimeVersions();
  return deno !== undefined ? 1_000_000n : bun !== undefined ? 240n : 1n;
}

/**
 * Access and modification in nanoseconds, by the operating system's own tool: Deno shows only
 * milliseconds.
 */
function times(path: string): [bigint, bigint] {
  const said = output("stat", "-c", "%.9X %.9Y", path).trim().split(" ");
  return said.map((time) => BigInt(time.replace(".", ""))) as [bigint, bigint];
}

const ACCESS = 1_672_628_645_123_456_789n, MODIFICATION = 1_672_628_646_987_654_321n;

function touch(path: string): void {
  const stamp = (nanoseconds: bigint) => `@${nanoseconds / 1_000_000_000n}.${nanoseconds % 1_000_000_000n}`;
  output("touch", "-h", "-a", "-d", stamp(ACCESS), path);
  output("touch", "-h", "-m", "-d", stamp(MODIFICATION), path);
  assertEquals(times(path), [ACCESS, MODIFICATION]);
}

/** Whether a time is what it was, as exactly as the runtime can say it; never later. */
function assertKept(time: bigint, was: bigint, what: string): void {
  const off = was - time;
  assert(off >= 0n && off < unit() || unit() === 240n && off > -240n && off < 240n, `${what} is off by ${off} ns`);
}

/** Ways to set times of a file, a link and a directory. */
const targets: Readonly<Record<string, (root: Any, access: Any, modification: Any) => unknown>> = {
  "file": (root, access, modification) => {
    const file = good(root.openAt({}, "file", {}, rw));
    const answer = file.setTimes(access, modification);
    file[Symbol.dispose]();
    return answer;
  },
  "d": (root, access, modification) => good(root.openAt({}, "d", {}, { read: true })).setTimes(access, modification),
  "d/f": (root, access, modification) => root.setTimesAt({}, "d/f", access, modification),
  "d/in": (root, access, modification) => root.setTimesAt({}, "d/in/.", access, modification),
  "link": (root, access, modification) => root.setTimesAt({}, "link", access, modification),
  "followed": (root, access, modification) => root.setTimesAt(follow, "way", access, modification),
};

for (const [name, set] of Object.entries(targets)) {
  Deno.test({
    name: `one time of ${name} is set, the other is kept`,
    ignore: !linux,
    fn: () =>
      withDirectory(async (path) => {
        await Deno.mkdir(`${path}/d`);
        await Deno.mkdir(`${path}/d/in`);
        for (const file of ["file", "d/f", "followed"]) await Deno.writeTextFile(`${path}/${file}`, "text");
        await Deno.symlink("followed", `${path}/link`);
        await Deno.symlink("followed", `${path}/way`);
        const root = await preopened(path), target = `${path}/${name}`;

        touch(target);
        good(set(root, keep, at(5n, 250_000_000)));
        assertEquals(times(target)[1], 5_250_000_000n);
        assertKept(times(target)[0], ACCESS, "the time of access");

        touch(target);
        good(set(root, at(6n), keep));
        assertEquals(times(target)[0], 6_000_000_000n);
        assertKept(times(target)[1], MODIFICATION, "the time of modification");

        touch(target);
        const before = BigInt(Date.now()) * 1_000_000n;
        good(set(root, now, keep));
        assert(times(target)[0] >= before, "now is before now");
        assertKept(times(target)[1], MODIFICATION, "the time of modification");

        touch(target);
        good(set(root, keep, keep));
        assertEquals(times(target), [ACCESS, MODIFICATION]);
        bad(set(root, keep, at(1n << 60n)), "invalid");
        bad(set(root, at(1n, 1_000_000_000), keep), "invalid");
        assertEquals(times(target), [ACCESS, MODIFICATION]);
      }),
  });
}

Deno.test({
  name: "what a guest reads of a time and sets again is that time, as far as the guest can see",
  ignore: !linux,
  fn: () =>
    withDirectory(async (path) => {
      await Deno.writeTextFile(`${path}/a`, "");
      const root = await preopened(path);
      const set = (access: Any, modification: Any): void => {
        good(root.setTimesAt({}, "a", { tag: "timestamp", val: access }, { tag: "timestamp", val: modification }));
      };
      const read = (): [Any, Any] => {
        const { dataAccessTimestamp, dataModificationTimestamp } = good(root.statAt({}, "a"));
        return [dataAccessTimestamp, dataModificationTimestamp];
      };
      // Milliseconds that a double of seconds may be rounded down from.
      for (const milliseconds of [1, 9, 57, 290, 579, 987, 999]) {
        const time = { seconds: 1_672_628_645n, nanoseconds: milliseconds * 1_000_000 };
        set(time, time);
        assertEquals(read(), [time, time]);
      }
      touch(`${path}/a`);
      const times = read();
      set({ seconds: 1n, nanoseconds: 0 }, { seconds: 2n, nanoseconds: 0 });
      set(...times);
      assertEquals(read(), times);
    }),
});

Deno.test({
  name: "a time before the epoch is one that WASI cannot say, and is kept where it is not to change",
  ignore: !linux,
  fn: () =>
    withDirectory(async (path) => {
      await Deno.writeTextFile(`${path}/a`, "");
      output("touch", "-d", "1960-01-01 00:00:00 UTC", `${path}/a`);
      const root = await preopened(path), was = times(`${path}/a`);
      const { dataModificationTimestamp, dataAccessTimestamp, statusChangeTimestamp } = good(root.statAt({}, "a"));
      assertEquals([dataModificationTimestamp, dataAccessTimestamp], [undefined, undefined]);
      assert(statusChangeTimestamp.seconds > 1_700_000_000n);
      good(root.setTimesAt({}, "a", at(5n), keep));
      assertEquals(times(`${path}/a`), [5_000_000_000n, was[1]]);
    }),
});
