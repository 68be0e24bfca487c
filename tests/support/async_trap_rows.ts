// The traps of the asynchronous model for errors_test.ts: each code with its full message, and a
// guest that provokes it.

import { compileSync, instantiateSync } from "@windlass/component";
import { asyncGuest, lifts } from "./async_guest.ts";
import { name, section, vec } from "./bytes.ts";
import { binary } from "./wasm.ts";
import { wat } from "./wat.ts";

interface Row {
  readonly message: string;
  readonly provoke: () => unknown;
}

const never = () => new Promise<number>(() => {});

/** Calls the `f` of a guest. The host's function, if the guest calls it, never ends. */
function calling(lift: string, body: string, options: Parameters<typeof instantiateSync>[2] = {}): () => unknown {
  return async () => {
    const { exports } = instantiateSync(await asyncGuest(body, lift), { work: never }, options);
    await exports.f!();
  };
}

const { sync, blocking, callback } = lifts;

/** A synchronous function. */
const f = (code: string) =>
  calling(sync, `(func (export "f") (local $a i32) (local $b i32) (local $ends i64) ${code})`);
/** A function with a callback, which ends if its code does not return before. */
const task = (code: string) =>
  calling(callback, `(func (export "f") (result i32) (local $a i32) (local $b i32) ${code} (i32.const 0))`);
/** A synchronous function that gives a stream or future to its caller. */
const giving = (type: string, code: string) =>
  calling(
    `(func (export "f") (result ${type}) (canon lift (core func $m "f")))`,
    `(func (export "f") (result i32) (local $set i32) (local $ends i64) ${code} (call $readable (local.get $ends)))`,
  );

/** Makes a stream or future: `$a` is its readable end, `$b` the writable one. */
const make = (name: string) =>
  `(local.set $ends (call $${name}-new))
   (local.set $a (call $readable (local.get $ends))) (local.set $b (call $writable (local.get $ends)))`;
const read = (name: string, ptr = 0, length = 1) =>
  `(drop (call $${name}-read (local.get $a) (i32.const ${ptr}) ${name === "value" ? "" : `(i32.const ${length})`}))`;
const write = (name: string) =>
  `(drop (call $${name}-write (local.get $b) (i32.const 0) ${name === "value" ? "" : "(i32.const 1)"}))`;
/**
 * Calls a function that spawns a thread. By hand, because the tools' text format leaves out whether
 * the thread is shared.
 */
async function spawning(): Promise<void> {
  const core = await wat(`(module (type $ft (func (param i32)))
    (import "" "spawn" (func $spawn (param (ref null $ft) i32) (result i32)))
    (func (export "f") (drop (call $spawn (ref.null $ft) (i32.const 0)))))`);
  const items = [1, ...vec([[...name("spawn"), 0, 0]])], made = [0, 0, ...vec([[...name(""), 0x12, 0]])];
  const bytes = binary(
    ...section(3, vec([[0x60, 1, 0x7f, 0]])),
    ...section(8, vec([[0x40, 0, 0]])),
    ...section(1, [...core]),
    ...section(2, vec([items, made])),
    ...section(6, vec([[0, 0, 1, 1, ...name("f")]])),
    ...section(7, vec([[0x40, 0, 1, 0]])),
    ...section(8, vec([[0, 0, 1, 0, 0]])),
    ...section(11, vec([[0, ...name("f"), 1, 0, 0]])),
  );
  instantiateSync(compileSync(bytes, { gates: { "shared-everything-threads": true } })).exports.f!();
}

const work = `(local.set $a (i32.shr_u (call $work (i32.const 0)) (i32.const 4)))`;

const called = (phrase: string) => `Cannot call export f: ${phrase}`;
const gave = (phrase: string) => `Cannot lift result of export f: ${phrase}`;

/** The rows. */
export const asyncTraps: Record<string, Row> = {
  "block-sync-task": {
    message: called(
      "cannot block a synchronous task before returning: call waitable-set.wait in a function whose type is async",
    ),
    provoke: f(`(drop (call $set-wait (call $set-new) (i32.const 0)))`),
  },
  "sync-in-waitable-set": {
    message: called("waitable cannot be used synchronously while added to a waitable set"),
    provoke: calling(
      blocking,
      `(func (export "f") (local $a i32) ${work}
        (call $join (local.get $a) (call $set-new)) (drop (call $subtask-cancel (local.get $a))))`,
    ),
  },
  "task-return-mismatch": {
    message: called("invalid `task.return` signature and/or options for current task"),
    provoke: f(`(call $task-return)`),
  },
  "task-resolved": {
    message: called("`task.return` or `task.cancel` called more than once for current task"),
    // The call itself has its result by then, so that the embedder is told.
    provoke: async () => {
      const body = `(func (export "f") (result i32) (call $task-return) (call $task-return) (i32.const 0))`;
      let told: unknown;
      const onError = (error: unknown): void => void (told = error);
      const { exports } = instantiateSync(await asyncGuest(body, callback), { work: never }, { onError });
      await exports.f!();
      throw told;
    },
  },
  "task-limit": {
    message: called("more than 0 calls are under way: limit `tasks`"),
    provoke: async () => {
      const body = `(func (export "f") (result i32) (call $task-return) (i32.const 0))`;
      const limits = { tasks: 0 };
      await instantiateSync(await asyncGuest(body, callback), { work: never }, { limits }).exports.f!();
    },
  },
  "task-not-cancelled": {
    message: called("`task.cancel` called by task which has not been cancelled"),
    provoke: task(`(call $task-cancel)`),
  },
  "no-result": {
    message: called("async-lifted export failed to produce a result: it ended without `task.return`"),
    provoke: task(``),
  },
  "callback-code": {
    message: called("unsupported callback code 3"),
    provoke: task(`(return (i32.const 3))`),
  },
  "backpressure-overflow": {
    message: called("backpressure counter overflow"),
    provoke: f(`(call $backpressure-dec)`),
  },
  "subtask-terminal": {
    message: called("`subtask.cancel` called after terminal status delivered"),
    provoke: task(`${work} (drop (call $subtask-cancel (local.get $a))) (drop (call $subtask-cancel (local.get $a)))`),
  },
  "subtask-unresolved": {
    message: called("cannot drop a subtask which has not yet resolved"),
    provoke: task(`${work} (call $subtask-drop (local.get $a))`),
  },
  "waitable-set-members": {
    message: called("cannot drop waitable set with waitables in it"),
    provoke: task(`${work} (local.set $b (call $set-new))
      (call $join (local.get $a) (local.get $b)) (call $set-drop (local.get $b))`),
  },
  "waitable-set-waiters": {
    message: called("cannot drop waitable set with waiters"),
    provoke: async () => {
      const body = `(global $set (mut i32) (i32.const 0))
        (func (export "f") (result i32)
          (if (global.get $set) (then (call $set-drop (global.get $set))))
          (global.set $set (call $set-new))
          (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))`;
      const { exports } = instantiateSync(await asyncGuest(body, callback), { work: never });
      exports.f!().catch(() => {});
      await exports.f!();
    },
  },
  "concurrent-copy": {
    message: called("cannot have concurrent operations active on a future/stream"),
    provoke: f(`${make("bytes")} ${read("bytes")} ${read("bytes")}`),
  },
  "copy-after-drop": {
    message: called("cannot read from stream after being notified that the writable end dropped"),
    provoke: f(`${make("bytes")} (call $bytes-drop-writable (local.get $b)) ${read("bytes")} ${read("bytes")}`),
  },
  "future-read-done": {
    message: called("cannot read from future after previous read succeeded"),
    provoke: f(`${make("value")} ${write("value")} ${read("value")} ${read("value")}`),
  },
  "future-write-done": {
    message: called("cannot write to future after previous write succeeded or readable end dropped"),
    provoke: f(`${make("value")} ${read("value")} ${write("value")} ${write("value")}`),
  },
  "copy-too-large": {
    message: called("stream read/write count too large"),
    provoke: f(`${make("bytes")} ${read("bytes", 0, 2 ** 28)}`),
  },
  "copy-unaligned": {
    message: called("read pointer not aligned"),
    provoke: f(`${make("words")} ${read("words", 2)}`),
  },
  "copy-out-of-bounds": {
    message: called("read pointer out of bounds of memory"),
    provoke: f(`${make("words")} ${read("words", 65532, 2)}`),
  },
  "intra-component-copy": {
    message: called("cannot read from and write to intra-component future/stream with non-numeric payload"),
    provoke: f(`${make("bools")} ${read("bools")} ${write("bools")}`),
  },
  "no-copy-pending": {
    message: called("stream or future read cancelled when no read is pending"),
    provoke: calling(
      blocking,
      `(func (export "f") (drop (call $bytes-cancel-read (call $readable (call $bytes-new)))))`,
    ),
  },
  "busy-end": {
    message: called("cannot remove busy stream"),
    provoke: f(`${make("bytes")} ${read("bytes")} (call $bytes-drop-readable (local.get $a))`),
  },
  "future-unwritten": {
    message: called("cannot drop future write end without first writing a value"),
    provoke: f(`${make("value")} (call $value-drop-writable (local.get $b))`),
  },
  "lift-in-set": {
    message: gave("cannot lift stream while it's in a waitable set"),
    provoke: giving(
      "$bytes",
      `(local.set $ends (call $bytes-new)) (call $join (call $readable (local.get $ends)) (call $set-new))`,
    ),
  },
  "lift-after-drop": {
    message: gave("cannot lift stream after being notified that the writable end dropped"),
    provoke: giving(
      "$bytes",
      `(local.set $ends (call $bytes-new)) (call $bytes-drop-writable (call $writable (local.get $ends)))
        (drop (call $bytes-read (call $readable (local.get $ends)) (i32.const 0) (i32.const 1)))`,
    ),
  },
  "lift-after-read": {
    message: gave("cannot lift future after previous read succeeded"),
    provoke: giving(
      "$value",
      `(local.set $ends (call $value-new)) (drop (call $value-write (call $writable (local.get $ends)) (i32.const 0)))
        (drop (call $value-read (call $readable (local.get $ends)) (i32.const 4)))`,
    ),
  },
  "wrong-end-type": {
    message: called("handle is a stream of a different type"),
    provoke: f(`(call $bytes-drop-readable (call $readable (call $words-new)))`),
  },
  "error-context-message": {
    message: called("invalid debug message pointer: out of bounds of memory"),
    provoke: f(`(drop (call $error-new (i32.const 65530) (i32.const 7)))`),
  },
  "thread-table-bounds": {
    message: called("the start function index 4 is out of bounds of the table"),
    provoke: f(`(drop (call $thread-new (i32.const 4) (i32.const 0)))`),
  },
  "thread-no-function": {
    message: called("the start function index points to an uninitialized function"),
    provoke: f(`(drop (call $thread-new (i32.const 0) (i32.const 0)))`),
  },
  "thread-function-type": {
    message: called("start function does not match expected type (func (param i32))"),
    provoke: f(`(drop (call $thread-new (i32.const 2) (i32.const 0)))`),
  },
  "unknown-thread": {
    message: called("unknown thread index 7"),
    provoke: f(`(call $thread-resume-later (i32.const 7))`),
  },
  "thread-not-suspended": {
    message: called("cannot resume thread which is not suspended"),
    provoke: f(`(call $thread-resume-later (call $thread-index))`),
  },
  "deadlock": {
    message: called(
      "deadlock detected: event loop cannot make further progress: export f waits for waitable set 1",
    ),
    provoke: calling(
      callback,
      `(func (export "f") (result i32) (i32.or (i32.const 2) (i32.shl (call $set-new) (i32.const 4))))`,
      { idle: "trap" },
    ),
  },
  "unsupported-builtin": {
    message: called("unsupported built-in thread.spawn-ref: the specification has no rules for it yet"),
    provoke: spawning,
  },
};
