// The rows of the call benches. A row makes a function that does `calls` crossings, and another that
// checks what one crossing gives, each part of it: nothing is timed that is wrong.

import { requireSame } from "./same.ts";
import type { Subject } from "./subjects.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

/** One row. */
export interface Row {
  readonly name: string;
  readonly direction: "host → guest" | "guest → host";
  readonly calls: number;
  /** Makes a function that crosses the boundary `calls` times. */
  run(subject: Subject): () => void;
  /** Throws if what a crossing gives is wrong. The subject's host is one that checks, too. */
  check(subject: Subject): void;
  /** The implementations that have it; all if it does not say. */
  has(subject: Subject): boolean;
  /** The row that others' figures are of: what only one implementation can do is beside theirs. */
  readonly beside: string;
}

/** Rows that only one of our own implementations has, by name, and the row that they stand beside. */
const special: Readonly<Record<string, readonly [subject: string, beside: string]>> = {
  "result err, by value": ["windlass, by value", "result err"],
  "len list<u8> 65536, a view": ["windlass, views", "len list<u8> 65536"],
};
const specialSubjects = new Set(Object.values(special).map(([subject]) => subject));

/** The raw module has two functions. */
function has({ name }: Subject, row: string): boolean {
  if (name === "raw") return row === "nop" || row === "add";
  return row in special ? special[row]![0] === name : !specialSubjects.has(name);
}

function beside(row: string): string {
  return special[row]?.[1] ?? row;
}

/** What a call gives, or the payload of what it throws. */
function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return { thrown: (error as { payload?: unknown }).payload ?? String(error) };
  }
}

/**
 * A row of calls to the guest.
 *
 * @param prepare Makes one call. It gives what is to be checked, and reads a part of that itself.
 * @param expected What one call gives.
 */
function hostToGuest(
  name: string,
  calls: number,
  prepare: (guest: Any) => () => unknown,
  expected: unknown,
): Row {
  return {
    name,
    direction: "host → guest",
    calls,
    beside: beside(name),
    has: (subject) => has(subject, name),
    check: ({ guest }) => requireSame(outcome(prepare(guest)), expected),
    run: ({ guest }) => {
      const once = prepare(guest);
      return () => {
        for (let i = 0; i < calls; i++) once();
      };
    },
  };
}

/**
 * A row of a guest's loop.
 *
 * @param run Runs the loop.
 * @param expected What it gives for a number of calls.
 */
function guestToHost(
  name: string,
  calls: number,
  run: (loops: Any, calls: number) => unknown,
  expected: (calls: number) => unknown,
): Row {
  return {
    name,
    direction: "guest → host",
    calls,
    beside: beside(name),
    has: (subject) => has(subject, name),
    check: ({ loops }) => requireSame(run(loops, 1), expected(1)),
    run: ({ loops }) => {
      const due = expected(calls);
      return () => {
        const given = run(loops, calls);
        if (given !== due) throw new Error(`expected ${due}, found ${given}`);
      };
    },
  };
}

const points = (count: number) => Array.from({ length: count }, (_, id) => ({ x: 1.5, y: 2.5, id }));
const names = (count: number) => Array.from({ length: count }, (_, i) => `${i}`.padEnd(12, "a"));
const big = Object.fromEntries([..."abcdefghijklm"].map((name, i) => [name, i]));
const many = Array.from({ length: 20 }, (_, i) => i) as Any;
const texts = {
  "5 B": "a".repeat(5),
  "100 B": "a".repeat(100),
  "10 KB": "a".repeat(10_000),
  "100 B, not ASCII": "é☃a💩".repeat(10),
};
const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => i % 251 + 1);
const words = Uint32Array.from({ length: 1024 }, (_, i) => 0xfff00000 + i);
/** Other elements than in the rows before: what those left in memory must not pass for a copy. */
const others = <T extends Uint8Array | Uint32Array>(list: T): number[] =>
  Array.from(list, (value) => (value ^ 0x55) >>> 0);

/** An echo of the guest's, and what is looked at in each result. */
function echo(
  name: string,
  calls: number,
  func: string,
  value: unknown,
  look: (value: Any) => unknown = (value) => value,
): Row {
  const due = look(value);
  return hostToGuest(name, calls, (guest) => () => {
    const given = guest[func](value);
    if (look(given) !== due) throw new Error(`expected ${due}, found ${look(given)}`);
    return given;
  }, value);
}

const length = (value: { length: number }) => value.length;

/** The rows of RESULTS.md. */
export const rows: readonly Row[] = [
  hostToGuest("nop", 1000, (guest) => () => guest.nop(), undefined),
  hostToGuest("add", 1000, (guest) => () => {
    const sum = guest.add(3, 4);
    if (sum !== 7) throw new Error(`expected 7, found ${sum}`);
    return sum;
  }, 7),
  ...Object.entries(texts).map(([size, text]) => echo(`text ${size}`, 100, "text", text, length)),
  ...[16, 65536].map((size) => echo(`list<u8> ${size}`, 100, "bytes", bytes(size), length)),
  echo("list<u8> 16, an array", 100, "bytes", others(bytes(16)), length),
  echo("list<u32> 1024", 100, "words", words, length),
  echo("list<u32> 1024, an array", 100, "words", others(words), length),
  echo("list<record> 100", 10, "points", points(100), (list) => list[99].id),
  echo("list<string> 100", 10, "names", names(100), length),
  echo("record of 13", 100, "echoBig", big, (record) => record.m),
  hostToGuest("20 parameters", 100, (guest) => () => guest.many(...many), 19),
  echo("result ok", 100, "fallible", 5),
  {
    ...hostToGuest("result err", 100, (guest) => () => guest.fallible(0), { thrown: "failed: the argument was 0" }),
    run: ({ guest }) => () => {
      for (let i = 0; i < 100; i++) {
        const given: Any = outcome(() => guest.fallible(0));
        if (given?.thrown?.length !== 26) throw new Error("expected it to throw");
      }
    },
  },
  hostToGuest("result err, by value", 100, (guest) => () => {
    const { tag, val } = guest.fallible(0);
    if (val.length !== 26) throw new Error(`expected 26 characters, found ${val}`);
    return { tag, val };
  }, { tag: "err", val: "failed: the argument was 0" }),
  echo("enum", 1000, "paint", "blue"),
  echo("flags", 1000, "permit", { read: true, write: false, exec: true }, (perms) => perms.exec),
  echo("option", 100, "maybe", 5),
  echo("variant", 100, "echoShape", { tag: "circle", val: 1.5 }, (shape) => shape.val),
  hostToGuest("resource method", 100, (guest) => {
    const tally = new guest.Tally();
    return () => {
      const given = tally.get();
      if (given !== 8) throw new Error(`expected 8, found ${given}`);
      return given;
    };
  }, 8),
  hostToGuest("resource new + dispose", 100, (guest) => () => new guest.Tally()[Symbol.dispose](), undefined),
  guestToHost("nop", 1000, (loops, calls) => loops.nop(calls), () => undefined),
  guestToHost("add", 1000, (loops, calls) => loops.add(calls), (calls) => 3 * calls),
  ...Object.entries({ "5 B": 5, "100 B": 100, "10 KB": 10_000 }).map(([size, length]) =>
    guestToHost(`text ${size}`, 100, (loops, calls) => loops.text(calls, length), () => length)
  ),
  ...[16, 65536].map((length) =>
    guestToHost(`list<u8> ${length}`, 100, (loops, calls) => loops.bytes(calls, length), () => length)
  ),
  ...["len list<u8> 65536", "len list<u8> 65536, a view"].map((name) =>
    guestToHost(name, 100, (loops, calls) => loops.len(calls, 65536), (calls) => calls * 65536)
  ),
  guestToHost("list<u32> 1024", 100, (loops, calls) => loops.words(calls, 1024), () => 1024),
  guestToHost("list<record> 100", 10, (loops, calls) => loops.points(calls, 100), () => 100),
  guestToHost("list<string> 100", 10, (loops, calls) => loops.names(calls, 100), () => 100),
  guestToHost("record of 13", 100, (loops, calls) => loops.echoBig(calls), () => 12),
  guestToHost("20 parameters", 100, (loops, calls) => loops.many(calls), () => 0),
  guestToHost("result ok", 100, (loops, calls) => loops.fallible(calls, 5), () => 0),
  guestToHost("result err", 100, (loops, calls) => loops.fallible(calls, 0), () => 1),
  guestToHost("result err, by value", 100, (loops, calls) => loops.fallible(calls, 0), () => 1),
  guestToHost("enum", 1000, (loops, calls) => loops.paint(calls), () => 1),
  guestToHost("flags", 1000, (loops, calls) => loops.permit(calls), () => 5),
  guestToHost("option", 100, (loops, calls) => loops.maybe(calls), () => 1),
  guestToHost("variant", 100, (loops, calls) => loops.echoShape(calls), () => 7),
  guestToHost("resource method", 100, (loops, calls) => loops.counter(calls), () => 7),
  guestToHost("resource new + drop", 100, (loops, calls) => loops.counters(calls), (calls) => calls),
];
