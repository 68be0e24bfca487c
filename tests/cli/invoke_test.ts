// `run --invoke`: which function is called, with which values.

import { assertEquals } from "@std/assert";
import { wat } from "../support/wat.ts";
import { withDirectory } from "../wasi/support.ts";
import { windlass } from "./support.ts";

/**
 * Gives back what it is given: a string at the root, a number in an interface; divides, and fails
 * at that.
 */
const echoes = await wat(`(component
  (core module $M
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next) (global.set $next (i32.add (global.get $next) (local.get 3))))
    (func (export "text") (param i32 i32) (result i32)
      (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0))
    (func (export "number") (param i32) (result i32) (local.get 0))
    (func (export "halve") (param i32) (result i32)
      (i32.store8 (i32.const 8) (i32.and (local.get 0) (i32.const 1)))
      (i32.store (i32.const 12) (i32.shr_u (local.get 0) (i32.const 1)))
      (i32.const 8)))
  (core instance $m (instantiate $M))
  (func (export "echo-text") (param "text" string) (result string)
    (canon lift (core func $m "text") (memory $m "memory") (realloc (func $m "realloc"))))
  (func (export "halve") (param "number" u32) (result (result u32 (error u32)))
    (canon lift (core func $m "halve") (memory $m "memory")))
  (func $number (param "number" u8) (result u8) (canon lift (core func $m "number")))
  (instance $numbers (export "echo-number" (func $number)))
  (export "demo:echo/numbers@1.2.0" (instance $numbers)))`);

/**
 * Writes a component and gives what invokes its functions: the exit code, and the first line of
 * what was said.
 */
async function invoker(file: string, component: Uint8Array): Promise<(call: string) => Promise<string>> {
  await Deno.writeFile(file, component);
  return async (call) => {
    const { code, out, err } = await windlass(["run", "--invoke", call, file]);
    return `${code} ${(code === 2 || out === "" ? err : out).split("\n")[0]}`;
  };
}

const counting = wat(`(component
  (type $words (stream u8))
  (core module $Mem (memory (export "m") 1))
  (core instance $mem (instantiate $Mem))
  (core func $return (canon task.return (result u32)))
  (core func $give (canon task.return (result $words)))
  (core func $new (canon stream.new $words))
  (core func $write (canon stream.write $words async (memory (core memory $mem "m"))))
  (core func $drop (canon stream.drop-writable $words))
  (core func $set-new (canon waitable-set.new))
  (core func $join (canon waitable.join))
  (core module $M
    (import "" "m" (memory 1)) (import "" "return" (func $return (param i32))) (import "" "give" (func $give (param i32)))
    (import "" "new" (func $new (result i64))) (import "" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "" "drop" (func $drop (param i32))) (import "" "set-new" (func $set-new (result i32)))
    (import "" "join" (func $join (param i32 i32)))
    (data (i32.const 8) "\\01\\02\\03")
    (global $end (mut i32) (i32.const 0))
    (func (export "next") (param i32) (result i32) (call $return (i32.add (local.get 0) (i32.const 1))) (i32.const 0))
    (func (export "count") (result i32) (local $ends i64) (local $set i32)
      (local.set $ends (call $new))
      (global.set $end (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
      (call $give (i32.wrap_i64 (local.get $ends)))
      (drop (call $write (global.get $end) (i32.const 8) (i32.const 3)))
      (local.set $set (call $set-new))
      (call $join (global.get $end) (local.get $set))
      (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4))))
    (func (export "cb") (param i32 i32 i32) (result i32)
      (call $join (global.get $end) (i32.const 0)) (call $drop (global.get $end)) (i32.const 0)))
  (core instance $m (instantiate $M (with "" (instance
    (export "m" (memory $mem "m")) (export "return" (func $return)) (export "give" (func $give))
    (export "new" (func $new)) (export "write" (func $write)) (export "drop" (func $drop))
    (export "set-new" (func $set-new)) (export "join" (func $join))))))
  (func (export "next") async (param "n" u32) (result u32)
    (canon lift (core func $m "next") async (callback (core func $m "cb"))))
  (func (export "count") async (result $words) (canon lift (core func $m "count") async (callback (core func $m "cb")))))`);

Deno.test("--invoke waits for an asynchronous function, and reads a stream to its end", () =>
  withDirectory(async (directory) => {
    const call = await invoker(`${directory}/counting.wasm`, await counting);
    assertEquals(await call("next(4)"), "0 5");
    assertEquals(await call("count()"), "0 [1, 2, 3]");
  }));

Deno.test("--invoke calls a function with values in text", () =>
  withDirectory(async (path) => {
    const invoke = await invoker(`${path}/echo.wasm`, echoes);
    assertEquals(await invoke('echo-text("hé \\"x\\"")'), '0 "hé \\"x\\""');
    assertEquals(await invoke("demo:echo/numbers@1.0.0#echo-number(7)"), "0 7");
    assertEquals(await invoke("halve(8)"), "0 ok(4)");
    assertEquals(await invoke("halve(9)"), "1 err(4)");
    assertEquals((await windlass(["run", "--invoke", "halve(8)", "-"], { stdin: echoes })).out, "ok(4)\n");
    // As Wasmtime spells it.
    assertEquals(await invoke("demo:echo/numbers.echo-number@1.0.0(7)"), "0 7");
    assertEquals(await invoke("halv(8)"), "2 error: no function halv: the closest one is halve");
    assertEquals(
      await invoke("demo:echo/numbers@1.1.0#echo-number(256)"),
      "1 error: Cannot lower param 1 `number` of export demo:echo/numbers@1.2.0#echo-number: expected u8, found 256",
    );
    assertEquals(await invoke("halve(x)"), "2 error: expected an integer at character 2 of (x), found x)");
  }));

Deno.test("--invoke calls what it names: names that collide, versions, none of a resource", () =>
  withDirectory(async (path) => {
    const colliding = await wat(`(component
      (core module $M (func (export "1") (result i32) (i32.const 1)) (func (export "2") (result i32) (i32.const 2)))
      (core instance $m (instantiate $M))
      (func $1 (result u32) (canon lift (core func $m "1"))) (func $2 (result u32) (canon lift (core func $m "2")))
      (export "a1" (func $1)) (export "a-1" (func $2))
      (instance $i (export "b1" (func $1)) (export "b-1" (func $2)))
      (export "x:y/z@1.0.0" (instance $i)) (export "x:y/w@1.0.0" (instance $i)) (export "x:y/w@2.0.0" (instance $i)))`);
    const invoke = await invoker(`${path}/c.wasm`, colliding);
    assertEquals(await invoke("a1"), "0 1");
    assertEquals(await invoke("a-1"), "0 2");
    assertEquals(await invoke("x:y/z#b-1"), "0 2");
    assertEquals(await invoke("x:y/w#b1"), "2 error: several versions: x:y/w@1.0.0, x:y/w@2.0.0");
    assertEquals(await invoke("x:y/w@2.0.0#b1"), "0 1");
    assertEquals(
      await invoke("x:y/z#[constructor]r"),
      "2 error: x:y/z#[constructor]r belongs to a resource: only functions can be invoked",
    );
  }));

Deno.test("--invoke takes a function's own name where no other has it", () =>
  withDirectory(async (path) => {
    const several = await wat(`(component
      (core module $M (func (export "1") (result i32) (i32.const 1)) (func (export "2") (result i32) (i32.const 2))
        (func (export "n")))
      (core instance $m (instantiate $M))
      (func $1 (result u32) (canon lift (core func $m "1"))) (func $2 (result u32) (canon lift (core func $m "2")))
      (instance $i (export "only" (func $1)) (export "both" (func $1)) (export "at-root" (func $1)))
      (instance $j (export "both" (func $2)))
      (export "x:y/i@1.0.0" (instance $i)) (export "x:y/j" (instance $j)) (export "at-root" (func $2)))`);
    const invoke = await invoker(`${path}/s.wasm`, several);
    assertEquals(await invoke("only()"), "0 1");
    assertEquals(await invoke("only"), "0 1");
    assertEquals(await invoke("at-root()"), "0 2");
    assertEquals(await invoke("both()"), "2 error: several functions both: x:y/i@1.0.0#both, x:y/j#both");
    assertEquals(await invoke("x:y/j#both()"), "0 2");
    assertEquals(await invoke("x:y/j#only()"), "2 error: no function x:y/j#only: the closest one is x:y/i@1.0.0#only");
    assertEquals(await invoke("onli()"), "2 error: no function onli: the closest one is x:y/i@1.0.0#only");
  }));
