// The examples do what they say.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { openStore } from "../examples/wasi_more/mod.ts";

async function output(name: string, flags: readonly string[] = [], args: readonly string[] = []): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", ...flags, `examples/${name}.ts`, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trimEnd();
}

Deno.test("plugins: each with its data and its limits", async () => {
  assertMatch(
    await output("plugins"),
    /^Hello, ann!\nCannot lift [^\n]* limit `liftedBytes`\nHello, bob!\nCannot [^\n]*\nann says: Hello, ann!\nbob says: Hello, bob!$/,
  );
});

Deno.test("command: a tool in C on a preopen", async () => {
  const license = await Deno.readTextFile("LICENSE");
  const bytes = new TextEncoder().encode(license).length, lines = license.split("\n").length - 1;
  const [first, second, code, refused, failed] = (await output("command")).split("\n");
  assertEquals(first, `${lines} ${bytes} LICENSE`);
  assertMatch(second!, /^\d+ \d+ README\.md$/);
  assertEquals([code, refused, failed], ["exit code 0", "cannot read ../../etc/passwd", "exit code 1"]);
});

Deno.test("http: a handler behind Deno.serve", async () => {
  const lines = (await output("http")).split("\n").filter((line) => !line.startsWith("Deno.serve:"));
  assertEquals(lines.slice(0, 2), ["Hello!", "there and back"]);
  assertMatch(
    lines[2]!,
    /^a handler failed: Cannot call export wasi:http\/incoming-handler@0\.2\.0#handle: unreachable$/,
  );
  assertEquals(lines.slice(3), ["500", "Hello!"]);
});

Deno.test("streams: between a component and JavaScript", async () => {
  assertEquals(await output("streams"), "90\n45\n[ 20, 10 ]\nTimeoutError");
});

Deno.test("time_limit: a component in a worker", async () => {
  assertMatch(await output("time_limit"), /^\d+\.\d+\.\d+$/);
});

Deno.test("wasi_more: a guest book over SQLite, and over Deno KV", async () => {
  const expected = [
    ...["ann", "bob", "ann"].map((name) => `info: Good morning, ${name}`),
    "debug: again",
    "1n 2n 3n",
    '[ [ "ann", "and again" ], [ "bob", "me too" ] ]',
    "31n",
    "ROSES ARE RED\nVIOLETS ARE BLUE",
  ].join("\n");
  assertEquals(await output("wasi_more/demo"), expected);
  assertEquals(await output("wasi_more/demo", ["--unstable-kv"], ["kv"]), expected);
});

/** Runs Deno with these arguments; its output. */
async function deno(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: [...args] }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout));
  return new TextDecoder().decode(stdout);
}

Deno.test("wasi_more: what its stores are held to, in Deno KV", async () => {
  const flags = ["--allow-all", "--no-check", "--unstable-kv", "--filter=(Deno KV)"];
  assertMatch(await deno("test", ...flags, "tests/wasi/wasi_more_test.ts"), /[1-9]\d* passed/);
});

Deno.test("wasi_more: increments of several processes are all counted", async () => {
  const directory = await Deno.makeTempDir(), path = `${directory}/store.sqlite`;
  try {
    const code = `
      const { keyvalue, openStore } = await import(${
      JSON.stringify(import.meta.resolve("../examples/wasi_more/mod.ts"))
    });
      using store = await openStore({ path: ${JSON.stringify(path)}, bucket: "b" });
      const imports = keyvalue({ b: store });
      const bucket = imports["wasi:keyvalue/store@0.2.0-draft"].open("b");
      const { increment } = imports["wasi:keyvalue/atomics@0.2.0-draft"];
      let counted = 0;
      for (let i = 0; i < 200; i++) if (typeof increment(bucket, "n", 1n) === "bigint") counted++;
      console.log(counted);`;
    const counted = await Promise.all(Array.from({ length: 3 }, () => deno("eval", code)));
    using store = await openStore({ path, bucket: "b" });
    const sum = counted.reduce((sum, count) => sum + Number(count), 0);
    assertEquals(new TextDecoder().decode((await store.get("n"))!.value), `${sum}`);
    // One that waited too long for the others would have been told.
    assert(sum > 300, `${sum}`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
