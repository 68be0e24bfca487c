// Resources both ways: a host's class imported by a guest, a guest's resource as a class in JS.

import "../support/leaks.ts";
import { assert, assertEquals } from "@std/assert";
import { compileSync, type Instance, instantiateSync, ValueError } from "@windlass/component";
import { fixture } from "../support/fixtures.ts";
import { thrown } from "../support/wasm.ts";
import { wat } from "../support/wat.ts";

const component = fixture("resources");
const COUNTERS = "test:resources/counters", FILES = "test:resources/files";

class File {
  static dropped: string[] = [];
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  name(): string {
    return this.#name;
  }
  size(): number {
    return this.#name.length;
  }
  static open(name: string): File {
    if (name === "missing") throw { payload: "no such file" };
    return new File(name);
  }
  [Symbol.dispose](): void {
    File.dropped.push(this.#name);
  }
}

// deno-lint-ignore no-explicit-any
function make(files: Record<string, unknown> = {}): { instance: Instance; counters: any } {
  File.dropped = [];
  const instance = instantiateSync(component, {
    [FILES]: { File, same: (a: File, b: File) => a === b, consume: (file: File) => file.size(), ...files },
  });
  return { instance, counters: instance.exports[COUNTERS] };
}

Deno.test("a guest's resource is a class with constructor, methods and statics", () => {
  const { counters } = make();
  const { Counter } = counters;
  assertEquals(Counter.name, "Counter");
  const counter = new Counter(5);
  assert(counter instanceof Counter);
  assertEquals([counter.next(), counter.next()], [6, 7]);
  const other = new Counter(100);
  assertEquals(counter.plus(other), 107);
  const merged = Counter.merge(counter, other);
  assert(merged instanceof Counter);
  assertEquals(merged.next(), 108);
});

Deno.test("using a guest's resource drops it once, running its destructor", () => {
  const { counters } = make();
  {
    using counter = new counters.Counter(7);
    counter.next();
  }
  assertEquals(counters.drops(), [1, 8]);
  const counter = new counters.Counter(1);
  counter[Symbol.dispose]();
  counter[Symbol.dispose]();
  assertEquals(counters.drops(), [2, 1]);
});

Deno.test("a resource that is dropped, given away or of another instance is refused, and says which", () => {
  const { counters } = make();
  const { Counter } = counters;
  const place = "Cannot lower param 1 `self` of export test:resources/counters#[method]counter.next: ";
  const dropped = new Counter(1);
  dropped[Symbol.dispose]();
  assertEquals(thrown(() => dropped.next()).message, `${place}the resource \`counter\` was dropped`);
  const given = new Counter(1);
  counters.dropCounter(given);
  assertEquals(thrown(() => given.next()).message, `${place}the resource \`counter\` was given away`);
  const other = make().counters;
  assertEquals(
    thrown(() => Counter.prototype.next.call(new other.Counter(1))).message,
    `${place}expected resource \`counter\`, found one of another type or instance`,
  );
  assertEquals(
    thrown(() => Counter.prototype.next.call({})).message,
    `${place}expected resource \`counter\`, found an object`,
  );
  assert(thrown(() => dropped.next()) instanceof ValueError);
  assert(thrown(() => dropped.next()) instanceof TypeError);
});

Deno.test("giving the same resource twice in one call gives nothing away", () => {
  const { counters } = make();
  const counter = new counters.Counter(3);
  const error = thrown(() => counters.Counter.merge(counter, counter));
  assertEquals(
    error.message,
    "Cannot lower param 2 `b` of export test:resources/counters#[static]counter.merge: the resource `counter` was given away",
  );
  assertEquals(counter.next(), 4);
  assertEquals(counters.liveHandles(), 0);
});

Deno.test("a bad argument after an own one takes the move back", () => {
  const { counters } = make();
  const counter = new counters.Counter(3);
  assertEquals(thrown(() => counters.Counter.merge(counter, 5)).code, "type-mismatch");
  assertEquals(counter.next(), 4);
  assertEquals(counters.liveHandles(), 0);
});

Deno.test("a class can be extended, and its instances know their class", () => {
  const { counters } = make();
  class Mine extends (counters.Counter as new (start: number) => { next(): number }) {
    twice(): number {
      return this.next() + this.next();
    }
  }
  const mine = new Mine(10);
  assert(mine instanceof Mine && mine instanceof counters.Counter);
  assertEquals(mine.twice(), 11 + 12);
  assert(!(new counters.Counter(1) instanceof Mine));
});

Deno.test("a host's class serves constructor, methods, statics, own and borrow", () => {
  const { counters } = make();
  assertEquals(counters.sizeOf("four"), 4 + 4);
  assertEquals(File.dropped, ["four"]); // the opened one; the other was consumed by the host
  assertEquals(counters.sizeOf("missing"), 4294967295);
  const file = new File("mine");
  assert(counters.passFile(file) === file);
  assertEquals(counters.lendFile(file), 8);
  assertEquals(File.dropped, ["four"]);
});

Deno.test("a class that lacks a member fails the link and names the closest", () => {
  const error = thrown(() => make({ File: class {}, open: () => {} }));
  assertEquals(error.name, "LinkError");
  assertEquals(
    error.message,
    "Cannot link import test:resources/files#[method]file.name: a definition was not found; the class that is defined for `file` has no such member",
  );
});

Deno.test("members of a resource may be given by raw names", () => {
  const calls: string[] = [];
  const { counters } = make({
    "[constructor]file": (name: string) => (calls.push(`new ${name}`), new File(name)),
    "[method]file.size": (self: File) => (calls.push(`size of ${self.name()}`), 2),
  });
  assertEquals(counters.sizeOf("abc"), 2 + 3);
  assertEquals(calls, ["size of abc", "new abc"]);
});

Deno.test("an object that is no instance of the class is refused", () => {
  const { counters } = make();
  assertEquals(
    thrown(() => counters.passFile({})).message,
    "Cannot lower param 1 `file` of export test:resources/counters#pass-file: expected resource `file`, found an object",
  );
});

Deno.test("a guest that keeps a borrow beyond its call traps", () => {
  const { counters } = make();
  const error = thrown(() => counters.keepFile(new File("x")));
  assertEquals(
    error.message,
    "Cannot call export test:resources/counters#keep-file: borrow handles still remain at the end of the call",
  );
  assertEquals(thrown(() => counters.drops()).code, "cannot-enter");
});

Deno.test("a host resource known by an `is` test alone works", () => {
  const thing = { name: () => "thing", size: () => 11 };
  const { counters } = make({
    File: { is: (value: unknown) => value === thing },
    "[constructor]file": () => thing,
    "[static]file.open": () => thing,
  });
  assertEquals(counters.sizeOf("x"), 22);
});

Deno.test("disposing the instance runs destructors of what it owns; using it later is a TypeError", () => {
  const { instance, counters } = make();
  const kept = new counters.Counter(1);
  instance[Symbol.dispose]();
  instance[Symbol.dispose]();
  const error = thrown(() => counters.drops());
  assertEquals(error.message, "Cannot call export test:resources/counters#drops: the instance was disposed");
  assert(error instanceof TypeError);
  kept[Symbol.dispose]();
  assert(thrown(() => kept.next()) instanceof TypeError);
});

Deno.test("a million resource round trips leave the tables as they were", () => {
  const { counters } = make();
  const file = new File("f");
  for (let i = 0; i < 1_000_000; i++) if (counters.passFile(file) !== file) throw new Error("another file");
  assertEquals(counters.liveHandles(), 0);
  for (let i = 0; i < 100_000; i++) new counters.Counter(i)[Symbol.dispose]();
  assertEquals(counters.drops()[0], 100_000 + 1); // liveHandles() drops one too
  assertEquals(counters.liveHandles(), 0);
});

Deno.test("a guest's resource of one instance is a host's resource of another", () => {
  const a = make().counters;
  const wants = instantiateSync(component, {
    [FILES]: {
      File: a.Counter,
      "[constructor]file": () => new a.Counter(1),
      "[method]file.name": () => "counter",
      "[method]file.size": (self: { next(): number }) => self.next(),
      "[static]file.open": () => new a.Counter(41),
      same: (left: unknown, right: unknown) => left === right,
      consume: (file: { next(): number }) => file.next(),
    },
  }).exports[COUNTERS];
  assertEquals(wants.sizeOf("x"), 42 + 2);
  assertEquals(a.drops(), [1, 42]); // the dropped one; the consumed one is the host's now
  const counter = new a.Counter(9);
  assertEquals(wants.lendFile(counter), 10 + 7);
  assertEquals(counter.next(), 11);
});

Deno.test("an import that is exported again takes borrowed objects, in both tiers", async () => {
  class File {}
  const text = (async: string) =>
    wat(`(component (import "file" (type $f (sub resource)))
      (import "look" (func $look ${async} (param "x" (borrow $f)) (param "y" (borrow $f)))) (export "look" (func $look)))`);
  for (const async of ["", "async"]) {
    for (const codegen of [true, false]) {
      const seen: unknown[] = [], look = (...files: unknown[]): void => void seen.push(...files);
      const { exports } = instantiateSync(compileSync(await text(async), { codegen }), { File, look }, {
        limits: { handles: 2 },
      });
      const given = Array.from({ length: 6 }, () => new File());
      for (let i = 0; i < given.length; i += 2) await exports.look!(given[i], given[i + 1]);
      assertEquals(seen.every((file, i) => file === given[i]) && seen.length, 6);
    }
  }
});
