// A guest of an interface of a program's own that gives and takes WASI's streams and pollables.

import { componentOf } from "../support/wat.ts";

const wit = `
package test:pipes;
interface pipes {
  use wasi:io/streams@0.2.0.{input-stream, output-stream};
  use wasi:io/poll@0.2.0.{pollable};
  read: func() -> input-stream;
  write: func() -> output-stream;
  soon: func() -> pollable;
  take: func(whole: input-stream);
  look: func(lent: borrow<output-stream>);
}
world guest {
  import pipes;
  import wasi:io/error@0.2.0;
  import wasi:io/streams@0.2.0;
  import wasi:io/poll@0.2.0;
  /// Copies what is read to what is written; how many bytes, or the error's words.
  export copy: func() -> result<u32, string>;
  /// Whether it was ready before, and after it was waited for.
  export wait: func() -> tuple<bool, bool>;
  /// Gives the stream that it got back.
  export pass: func();
  /// Reads so many bytes, and drops the stream.
  export begin: func(length: u64) -> u32;
  /// Lends the stream that it got, and drops it.
  export lend: func();
}
package wasi:io@0.2.0 {
  interface error { resource error { to-debug-string: func() -> string; } }
  interface poll { resource pollable { ready: func() -> bool; block: func(); } }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream { blocking-read: func(len: u64) -> result<list<u8>, stream-error>; }
    resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
  }
}`;

const core = `(module
  (import "test:pipes/pipes" "read" (func $read (result i32)))
  (import "test:pipes/pipes" "write" (func $write (result i32)))
  (import "test:pipes/pipes" "soon" (func $soon (result i32)))
  (import "test:pipes/pipes" "take" (func $take (param i32)))
  (import "test:pipes/pipes" "look" (func $look (param i32)))
  (import "wasi:io/error@0.2.0" "[method]error.to-debug-string" (func $words (param i32 i32)))
  (import "wasi:io/error@0.2.0" "[resource-drop]error" (func $dropError (param i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.ready" (func $ready (param i32) (result i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $dropPollable (param i32)))
  (import "wasi:io/streams@0.2.0" "[method]input-stream.blocking-read" (func $get (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]input-stream" (func $dropInput (param i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
    (func $put (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $dropOutput (param i32)))
  (memory (export "memory") 2)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
  (func $ended (param $at i32) (param $count i32) (result i32)
    ;; At 64: the result. The variant at $at is closed, or has the error.
    (i32.store (i32.const 64) (i32.const 0))
    (i32.store (i32.const 68) (local.get $count))
    (if (i32.eqz (i32.load8_u (local.get $at))) (then
      (i32.store (i32.const 64) (i32.const 1))
      (call $words (i32.load offset=4 (local.get $at)) (i32.const 68))
      (call $dropError (i32.load offset=4 (local.get $at)))))
    (i32.const 64))
  (func (export "copy") (result i32) (local $in i32) (local $out i32) (local $count i32) (local $result i32)
    (local.set $in (call $read))
    (local.set $out (call $write))
    (block $end (loop $more
      (call $get (local.get $in) (i64.const 4096) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then
        (local.set $result (call $ended (i32.const 20) (local.get $count)))
        (br $end)))
      (call $put (local.get $out) (i32.load (i32.const 20)) (i32.load (i32.const 24)) (i32.const 32))
      (if (i32.load8_u (i32.const 32)) (then
        (local.set $result (call $ended (i32.const 36) (local.get $count)))
        (br $end)))
      (local.set $count (i32.add (local.get $count) (i32.load (i32.const 24))))
      (br $more)))
    (call $dropInput (local.get $in))
    (call $dropOutput (local.get $out))
    (local.get $result))
  (func (export "wait") (result i32) (local $soon i32)
    (local.set $soon (call $soon))
    (i32.store8 (i32.const 64) (call $ready (local.get $soon)))
    (call $block (local.get $soon))
    (i32.store8 (i32.const 65) (call $ready (local.get $soon)))
    (call $dropPollable (local.get $soon))
    (i32.const 64))
  (func (export "pass") (call $take (call $read)))
  (func (export "begin") (param $length i64) (result i32) (local $in i32)
    (local.set $in (call $read))
    (call $get (local.get $in) (local.get $length) (i32.const 16))
    (call $dropInput (local.get $in))
    (i32.load (i32.const 24)))
  (func (export "lend") (local $out i32)
    (local.set $out (call $write))
    (call $look (local.get $out))
    (call $dropOutput (local.get $out))))`;

/** The component. */
export const pipes = (): Promise<Uint8Array<ArrayBuffer>> => componentOf(core, wit);
