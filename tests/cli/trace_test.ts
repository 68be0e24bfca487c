// `--trace`: what it says of calls, values and times; and that it changes nothing.

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { FuncType, ValType } from "../../abi/types/types.ts";
import { Numbers, showArgs, showResult, showValue } from "../../host/cli/trace_values.ts";
import { windlass } from "./support.ts";

const guests = new URL("../wasi/guests/", import.meta.url).pathname;

/** The lines of a trace without their times. */
const lines = (err: string): string[] =>
  err.trimEnd().split("\n").map((line) => line.replace(/ {2}\d+\.\d{3} ms$/, " ms"));

Deno.test("--trace shows each call of a command with its values and its time", async () => {
  const plain = await windlass(["run", `${guests}hello.wasm`, "ann"]);
  const { code, out, err } = await windlass(["run", "--trace", `${guests}hello.wasm`, "ann"]);
  assertEquals([code, out], [plain.code, plain.out]);
  const found = lines(err), write = "wasi:io/streams@0.2.0#[method]output-stream.blocking-write-and-flush";
  assertEquals(found.slice(0, 3), [
    "-> wasi:cli/run@0.2.0#run()",
    '   wasi:cli/environment@0.2.0#get-arguments() = ["hello.wasm", "ann"] ms',
    "   wasi:cli/stdout@0.2.0#get-stdout() = output-stream#1 ms",
  ]);
  // A call that waits has a line when it begins, and one when it ends.
  const calls = found.slice(3, -1).map((line) => line.replace(" …", ""));
  assert(
    calls.some((line) => line === `   ${write}(output-stream#1, b"ann")` || line.endsWith('b"ann") = ok ms')),
    err,
  );
  for (const line of calls) assert(line.includes(write), line);
  assertEquals(found.at(-1), "<- wasi:cli/run@0.2.0#run = ok ms");
});

Deno.test("--trace shows asynchronous calls of WASI 0.3, errors, and how a guest ends", async () => {
  const upper = await windlass(["run", "--trace", `${guests}p3/command.wasm`, "upper"], { stdin: "a line\n" });
  assertEquals([upper.code, upper.out], [0, "A LINE\n"]);
  assertMatch(upper.err, /^ {3}wasi:cli\/stdin@0\.3\.0#read-via-stream\(\) = \(stream#\d, future#\d\) {2}\d/m);
  assertMatch(upper.err, /^<- wasi:cli\/run@0\.3\.0#run = ok {2}/m);
  const exit = await windlass(["run", "--trace", `${guests}p3/command.wasm`, "exit", "3"]);
  assertEquals(exit.code, 3);
  assertMatch(exit.err, /^ {3}wasi:cli\/exit@0\.3\.0#exit-with-code\(3\) threw ExitError/m);
  const trap = await windlass(["run", "--trace", `${guests}command.wasm`, "spend"]);
  assertEquals(trap.code, 134);
  assertMatch(trap.err, /^<- wasi:cli\/run@0\.2\.0#run threw Trap: Cannot call export \S+: .+ {2}\d/m);
  const invoked = await windlass(["run", "--trace", "--invoke", "run()", `${guests}command.wasm`]);
  assertMatch(invoked.err, /^-> wasi:cli\/run@0\.2\.0#run\(\)\n/);
});

const u8: ValType = { kind: "u8" }, text: ValType = { kind: "string" };

Deno.test("values are short, whatever a host gives for them", () => {
  const show = (value: unknown, type: ValType) => showValue(value, type, new Numbers());
  assertEquals(show(new TextEncoder().encode("a\n"), { kind: "list", element: u8 }), 'b"a\\n"');
  assertEquals(show(new Uint8Array([0, 255]), { kind: "list", element: u8 }), "[0, 255]");
  assertEquals(show(new Uint8Array(100).fill(97), { kind: "list", element: u8 }), `b"${"a".repeat(48)}"… 100 bytes`);
  assertEquals(show(new Uint8Array(100), { kind: "list", element: u8 }), `[${"0, ".repeat(48)}… 100 bytes]`);
  assert(show("x".repeat(10_000), text).length < 200);
  const many = show(Array.from({ length: 10_000 }, () => "item"), { kind: "list", element: text });
  assert(many.length < 200 && many.endsWith(", …]"), many);
  assertEquals(show(new Set(["a"]), { kind: "list", element: text }), "[…]");
  const record: ValType = { kind: "record", fields: [{ name: "a-b", type: { kind: "option", element: u8 } }] };
  assertEquals(show({ aB: 1 }, record), "{a-b: some(1)}");
  assertEquals(show({}, record), "{a-b: none}");
  assertEquals(show(undefined, { kind: "flags", names: ["x"] }), "{}");
  assertEquals(show({ x: true }, { kind: "flags", names: ["x", "y-z"] }), "{x}");
  // What the linker would refuse is shown all the same.
  assertEquals(show(undefined, record), "{a-b: <undefined>");
});

Deno.test("resources have the same number wherever they appear; a result is an ok", () => {
  const numbers = new Numbers(), resource = { kind: "resource", name: "thing" } as const, a = {}, b = {};
  const type: FuncType = {
    params: [{ name: "a", type: { kind: "borrow", resource } }, { name: "b", type: { kind: "own", resource } }],
    result: { kind: "result", ok: { kind: "own", resource }, err: text },
    async: false,
  };
  assertEquals(showArgs([a, b], type, numbers), "thing#1, thing#2");
  assertEquals(showResult(a, type, numbers), "ok(thing#1)");
  assertEquals(showResult({ tag: "err", val: "no", "~result": true }, type, numbers), 'err("no")');
  assertEquals(showResult(undefined, { params: [], async: false }, numbers), "");
});
