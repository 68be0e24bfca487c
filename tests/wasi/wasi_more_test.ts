// The package examples/wasi_more: components over wasi:logging, wasi:config, wasi:keyvalue and an
// interface with WASI's streams, which it serves with the public API.

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { compile, ComponentError, features, instantiate } from "@windlass/component";
import { wasi } from "@windlass/component/wasi";
import {
  Blobs,
  config,
  keyvalue,
  KvStore,
  type LogEntry,
  logging,
  MemoryStore,
  openStore,
  printEntry,
  SqliteStore,
  type Store,
} from "../../examples/wasi_more/mod.ts";
import { type Any, bad, good, utf8, withDirectory } from "./support.ts";

const guest = (name: string) => compile(Deno.readFile(`examples/wasi_more/guests/${name}.wasm`));
const [guestbook, counter] = [await guest("guestbook"), await guest("counter")];

/** The stores that this runtime has: each is held to the same. */
const stores: Readonly<Record<string, () => Promise<Store>>> = {
  memory: () => Promise.resolve(new MemoryStore(1 << 20)),
  ...SqliteStore.exists() && {
    SQLite: () => Promise.resolve(new SqliteStore({ path: ":memory:", bucket: "b", maxBytes: 1 << 20 })),
  },
  ...KvStore.exists() && { "Deno KV": () => KvStore.open({ path: ":memory:", bucket: "b" }) },
};
const each = (name: string, test: (store: Store) => Promise<void>) => {
  for (const [kind, open] of Object.entries(stores)) {
    Deno.test(`${name} (${kind})`, async () => {
      using store = await open();
      await test(store);
    });
  }
};

/** The guest book, with a store of its own unless another is given. */
async function book(store: Store, { greeting, blobs = new Blobs() }: { greeting?: string; blobs?: Blobs } = {}) {
  const log: LogEntry[] = [];
  const instance = await instantiate(guestbook, {
    ...await wasi(),
    ...logging((entry) => log.push(entry)),
    ...config(greeting === undefined ? {} : { greeting }),
    ...keyvalue({ guests: store }),
    ...blobs.imports(),
  }) as Any;
  return { exports: store.waits ? instance.promising.exports : instance.exports, instance, log, blobs };
}

each("a guest book counts, keeps, lists and forgets", async (store) => {
  const { exports, log } = await book(store, { greeting: "Good day" });
  assertEquals([await exports.sign("ann", "hello"), await exports.sign("bob", "héllo")], [1n, 2n]);
  assertEquals(await exports.sign("ann", "again"), 3n);
  const sorted = async () => (await exports.entries()).sort();
  assertEquals(await sorted(), [["ann", "again"], ["bob", "héllo"]]);
  assertEquals(log.map(({ level, context, message }) => `${level} ${context} ${message}`), [
    "info guestbook Good day, ann",
    "info guestbook Good day, bob",
    "info guestbook Good day, ann",
    "debug guestbook again",
  ]);
  // Another instance has the same store.
  assertEquals(await (await book(store)).exports.sign("cid", ""), 4n);
  assertEquals([await exports.clear(), await sorted(), await exports.clear()], [3, [], 0]);
  assertEquals(await exports.sign("dan", ""), 5n);
});

each("more keys than a page has are listed page by page, in both drafts", async (store) => {
  for (let i = 0; i < 2500; i++) await store.set(`@${i}`, utf8(`${i}`));
  const { instance } = await count(store);
  assertEquals(await (store.waits ? instance.promising : instance).exports.count(), [2500, 3]);
  const { exports } = await book(store);
  // No batch is as large.
  const refused = store.waits
    ? await assertRejects(() => exports.entries(), ComponentError)
    : assertThrows(() => exports.entries(), ComponentError);
  assertEquals(refused.payload, "a batch of more than 1000 keys");
  for (let i = 900; i < 2500; i++) await store.delete(`@${i}`);
  assertEquals((await exports.entries()).length, 900);
});

/** The counter; what happens between its reading and its swap is given. */
async function count(store: Store, now: (attempt: number) => unknown = () => {}) {
  const imports = { ...keyvalue({ counters: store }), "example:counter/between": { now } };
  const instance = await instantiate(counter, imports) as Any;
  return { exports: store.waits ? instance.promising.exports : instance.exports, instance };
}

each("increments that come at the same time are all counted", async (store) => {
  const all = await Promise.all(Array.from({ length: 5 }, () => count(store)));
  const adding = async ({ exports }: { exports: Any }) => {
    for (let i = 0; i < 20; i++) await exports.add("n", 3n);
  };
  await Promise.all(all.map(adding));
  assertEquals(await all[0]!.exports.add("n", -400n), -100n);
});

each("an increment that finds the number changed meanwhile adds to what there is then", async (store) => {
  let changes = 0, most = 3;
  const contended: Store = {
    waits: store.waits,
    maxValue: store.maxValue,
    get: (key) => store.get(key),
    set: (key, value) => store.set(key, value),
    delete: (key) => store.delete(key),
    keys: (last, most) => store.keys(last, most),
    // Another one comes first.
    swap(key, version, value) {
      if (changes === most) return store.swap(key, version, value);
      const other = store.set(key, utf8(`${100 * ++changes}`));
      return other instanceof Promise
        ? other.then(() => store.swap(key, version, value))
        : store.swap(key, version, value);
    },
    [Symbol.dispose]() {},
  };
  for (const version of ["0.2.0-draft", "0.2.0-draft2"]) {
    changes = 0;
    const of = membersOf(contended, version);
    assertEquals(await of("atomics").increment(of("store").open("b"), "n", 5n), 305n);
  }
  most = Infinity;
  const of = membersOf(contended, "0.2.0-draft");
  const given = await of("atomics").increment(of("store").open("b"), "n", 5n);
  bad(given, { tag: "other", val: "the key was changed 1000 times meanwhile" });
});

each("what was changed between a read and its swap is seen, and tried again", async (store) => {
  const changes = ["one ", "two "],
    sleepless = await count(store, (attempt) => {
      // A host function that does not wait; in Deno KV the change is begun before the swap.
      if (changes[attempt - 1] !== undefined) void store.set("log", utf8(changes[attempt - 1]!));
    });
  const attempts = await sleepless.exports.append("log", "three");
  const { value } = (await store.get("log"))!;
  assertEquals([attempts, new TextDecoder().decode(value)], [3, "two three"]);
});

each("a swap sees keys that came, went, and came again as they were", async (store) => {
  const set = async (key: string, value: string) => (await store.set(key, utf8(value)), (await store.get(key))!);
  const first = await set("k", "v");
  await store.delete("k");
  assertEquals(await store.swap("k", first.version, utf8("w")), false);
  assertEquals(await store.get("k"), undefined);
  const again = await set("k", "v");
  assert(again.version !== first.version);
  assertEquals(await store.swap("k", undefined, utf8("w")), false);
  assertEquals(await store.swap("k", again.version, utf8("w")), true);
  assertEquals(await store.swap("k", again.version, utf8("x")), false);
  assertEquals(await store.swap("new", undefined, utf8("y")), true);
  assertEquals((await store.get("new"))!.value, utf8("y"));
});

each("any key and any value are kept as they are", async (store) => {
  const keys = ["", "\0", "a\0b", "\uFEFFa", "é", "\u{1F600}", "x".repeat(1024)];
  const value = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const key of keys) await store.set(key, value);
  assertEquals([...await store.keys(undefined, 100)].sort(), [...keys].sort());
  for (const key of keys) assertEquals(new Uint8Array((await store.get(key))!.value), value);
  await store.set("", new Uint8Array());
  assertEquals((await store.get(""))!.value.length, 0);
  const listed: string[] = [];
  let last: string | undefined;
  for (;;) {
    const page: readonly string[] = await store.keys(last, 2);
    listed.push(...page);
    if (page.length === 0) break;
    last = page.at(-1);
  }
  assertEquals(listed.sort(), [...keys].sort());
});

/** The members of an interface of a store, as a guest calls them by hand. */
const membersOf = (store: Store, version: string) => {
  const imports = keyvalue({ b: store }) as Any;
  return (name: string) => imports[`wasi:keyvalue/${name}@${version}`];
};

each("sizes that a guest chooses are bounded, and numbers checked", async (store) => {
  for (const version of ["0.2.0-draft", "0.2.0-draft2"]) {
    const of = membersOf(store, version), { open } = of("store"), { increment } = of("atomics"), batch = of("batch");
    bad(open("other"), { tag: "no-such-store" });
    bad(open("__proto__"), { tag: "no-such-store" });
    const bucket = open("b");
    const words = (val: string) => ({ tag: "other", val });
    bad(await bucket.set("é".repeat(513), utf8("")), words("a key of more than 1024 bytes"));
    bad(await bucket.get("x".repeat(1025)), words("a key of more than 1024 bytes"));
    const large = new Uint8Array(store.maxValue + 1);
    bad(await bucket.set("k", large), words(`a value of more than ${store.maxValue} bytes`));
    bad(await batch.setMany(bucket, [["k", large]]), words(`a value of more than ${store.maxValue} bytes`));
    const many = Array.from({ length: 1001 }, (_, i) => `${i}`);
    bad(await batch.getMany(bucket, many), words("a batch of more than 1000 keys"));
    bad(await batch.deleteMany(bucket, many), words("a batch of more than 1000 keys"));
    good(await batch.setMany(bucket, [["t", utf8("1.5")], ["n", utf8("41")]]));
    assertEquals(good(await batch.getMany(bucket, ["n", "absent"])).map((pair: Any) => pair?.[0]), ["n", undefined]);
    bad(await increment(bucket, "t", 1n), words("the value is not a number in decimal digits"));
    assertEquals(await increment(bucket, "n", 1n), 42n);
    const most = version === "0.2.0-draft" ? 2n ** 64n - 1n : 2n ** 63n - 1n;
    const beyond = await increment(bucket, "n", most);
    assertMatch(beyond.val.val, /^\d+ is not a number from -?\d+ to \d+$/);
    assertEquals(await increment(bucket, "n", most - 42n), most);
    assertEquals(await bucket.exists("n"), true);
    good(await bucket.delete("n"));
    assertEquals([await bucket.exists("n"), await bucket.get("n")], [false, undefined]);
    good(await bucket.delete("t"));
    if (version === "0.2.0-draft") bad(await bucket.listKeys(77n), words("no cursor 77"));
    else assertEquals(await bucket.listKeys("any text"), { keys: [] });
  }
});

Deno.test("a store is full before it takes more than it may", () => {
  const full: (readonly [Store, RegExp])[] = [[new MemoryStore(100_000), /^the store has room for 100000 bytes$/]];
  if (SqliteStore.exists()) {
    full.push([new SqliteStore({ path: ":memory:", bucket: "b", maxBytes: 100_000 }), /full/]);
  }
  for (const [store, message] of full) {
    const bucket = membersOf(store, "0.2.0-draft")("store").open("b");
    let answer: Any, written = 0;
    while ((answer = bucket.set(`${written}`, new Uint8Array(10_000))) === undefined && written < 20) written++;
    assertMatch(answer.val.val, message);
    assert(written > 2 && written < 10, `${written}`);
    // What was there is there, and can be deleted to make room.
    assertEquals(bucket.get("0").length, 10_000);
    for (let i = 0; i < written; i++) good(bucket.delete(`${i}`));
    good(bucket.set("after", new Uint8Array(10_000)));
    store[Symbol.dispose]();
  }
});

Deno.test("a file keeps its buckets apart, for several at once and for later", async () => {
  if (!SqliteStore.exists()) return;
  await withDirectory(async (directory) => {
    const path = `${directory}/store.sqlite`;
    {
      using left = await openStore({ path, bucket: "left" }), right = await openStore({ path, bucket: "right" });
      using again = await openStore({ path, bucket: "left" });
      await left.set("k", utf8("left"));
      await right.set("k", utf8("right"));
      const { version } = (await again.get("k"))!;
      assertEquals(await left.swap("k", version, utf8("swapped")), true);
      assertEquals(await again.swap("k", version, utf8("too late")), false);
    }
    using left = await openStore({ path, bucket: "left" }), right = await openStore({ path, bucket: "right" });
    assertEquals([await left.get("k"), await right.get("k")].map((entry) => new TextDecoder().decode(entry!.value)), [
      "swapped",
      "right",
    ]);
  });
});

Deno.test("a guest copies a blob by WASI's streams, and waits for the copy", { ignore: !features.jspi }, async () => {
  using store = await openStore();
  const blobs = new Blobs(), text = "a line of the blob\n".repeat(3000);
  blobs.set("bytes", utf8(text));
  blobs.set("stream", () => new Blob([text]).stream());
  blobs.set("failing", () => new ReadableStream({ pull: (controller) => controller.error(new Error("it is torn")) }));
  const { instance } = await book(store, { blobs }), { shout } = instance.promising.exports;
  for (const name of ["bytes", "stream"]) {
    assertEquals(await shout(name, "copy"), BigInt(text.length));
    assertEquals(new TextDecoder().decode(blobs.get("copy") as Uint8Array), text.toUpperCase());
  }
  for (const [name, words] of [["absent", "no blob absent"], ["failing", "it is torn"]]) {
    assertEquals((await assertRejects(() => shout(name, "copy"), ComponentError)).payload, words);
  }
});

Deno.test("configuration: what is there, all of it, and a source that fails", () => {
  const of = (values: Parameters<typeof config>[0]) => (config(values) as Any)["wasi:config/store"];
  const { get, getAll } = of({ a: "1", b: "" });
  assertEquals([get("a"), get("b"), get("c"), get("toString")], ["1", "", undefined, undefined]);
  assertEquals(getAll(), [["a", "1"], ["b", ""]]);
  const failing = of(() => {
    throw new Error("no vault");
  });
  bad(failing.get("a"), { tag: "upstream", val: "no vault" });
  bad(failing.getAll(), { tag: "upstream", val: "no vault" });
});

Deno.test("a log's line is one line, whatever the guest writes, and not too long", () => {
  const { error } = console, lines: string[] = [];
  console.error = (line: string) => lines.push(line);
  try {
    const { log } = (logging(printEntry) as Any)["wasi:logging/logging"];
    log("warn", "a\x1b[2Jb", "one\ninfo other: two\u2028");
    log("info", "c", "x".repeat(100_000));
  } finally {
    console.error = error;
  }
  assertEquals(lines[0], "warn a\\u001b[2Jb: one\\u000ainfo other: two\\u2028");
  assert(lines[1]!.length < 20_000 && lines[1]!.endsWith("…"));
});
