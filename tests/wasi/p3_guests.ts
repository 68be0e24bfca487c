// Commands of WASI 0.3 in the text format.

/** Gives its standard input back, the bytes of which it never sees. */
export const CAT: string = `(component
  (import "wasi:cli/stdin@0.3.0" (instance $stdin
    (type $E (enum "io" "illegal-byte-sequence" "pipe")) (export "error-code" (type $e (eq $E)))
    (export "read-via-stream" (func (result (tuple (stream u8) (future (result (error $e)))))))))
  (import "wasi:cli/stdout@0.3.0" (instance $stdout
    (type $E (enum "io" "illegal-byte-sequence" "pipe")) (export "error-code" (type $e (eq $E)))
    (export "write-via-stream" (func (param "data" (stream u8)) (result (future (result (error $e))))))))
  (core module $Lib (memory (export "m") 1))
  (core instance $lib (instantiate $Lib))
  (core func $read (canon lower (func $stdin "read-via-stream") (memory (core memory $lib "m"))))
  (core func $write (canon lower (func $stdout "write-via-stream")))
  (core module $M (import "" "m" (memory 1)) (import "" "read" (func $read (param i32)))
    (import "" "write" (func $write (param i32) (result i32)))
    (func (export "run") (result i32)
      (call $read (i32.const 16))
      (drop (call $write (i32.load (i32.const 16))))
      (i32.const 0)))
  (core instance $m (instantiate $M (with "" (instance
    (export "m" (memory $lib "m")) (export "read" (func $read)) (export "write" (func $write))))))
  (func $run async (result (result)) (canon lift (core func $m "run")))
  (instance (export "wasi:cli/run@0.3.0") (export "run" (func $run))))`;

const ERROR_CODES = ["access", "already", "bad-descriptor", "busy", "deadlock", "quota", "exist", "file-too-large"]
  .concat(["illegal-byte-sequence", "in-progress", "interrupted", "invalid", "io", "is-directory", "loop"])
  .concat(["too-many-links", "message-size", "name-too-long", "no-device", "no-entry", "no-lock"])
  .concat(["insufficient-memory", "insufficient-space", "not-directory", "not-empty", "not-recoverable"])
  .concat(["unsupported", "no-tty", "no-such-device", "overflow", "not-permitted", "pipe", "read-only"])
  .concat(["invalid-seek", "text-file-busy", "cross-device"]);

/** The guest's memory, the names of files in it, and the next place for a list or a string. */
const LIBRARY = `(core module $Lib (memory (export "m") 2)
    (data (i32.const 1024) "in.txt") (data (i32.const 1040) "out.txt") (data (i32.const 1056) "missing")
    (global $next (mut i32) (i32.const 2048))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next) (global.set $next (i32.add (global.get $next) (i32.const 64)))))
  (core instance $lib (instantiate $Lib))`;

/** What waits for an end, here for the future `$ended`: functions, their imports, their exports. */
const WAITING = `(core func $await (canon future.read $ended async (memory (core memory $lib "m"))
    (realloc (core func $lib "realloc"))))
  (core func $set (canon waitable-set.new))
  (core func $join (canon waitable.join))
  (core func $wait (canon waitable-set.wait (memory (core memory $lib "m"))))`;
const IMPORTED_WAITING = `(import "" "m" (memory 1))
    (import "" "await" (func $await (param i32 i32) (result i32)))
    (import "" "set" (func $set (result i32)))
    (import "" "join" (func $join (param i32 i32)))
    (import "" "wait" (func $wait (param i32 i32) (result i32)))
    ;; What a built-in has given, or what it gives later.
    (func $done (param $end i32) (param $code i32) (result i32)
      (local $set i32)
      (if (i32.ne (local.get $code) (i32.const -1)) (then (return (local.get $code))))
      (call $join (local.get $end) (local.tee $set (call $set)))
      (drop (call $wait (local.get $set) (i32.const 112)))
      (call $join (local.get $end) (i32.const 0))
      (i32.load (i32.const 116)))
    ;; 0 for ok, 1 for err.
    (func $result (param $future i32) (result i32)
      (if (call $done (local.get $future) (call $await (local.get $future) (i32.const 96))) (then unreachable))
      (i32.load8_u (i32.const 96)))`;
const EXPORTED_WAITING = `(export "m" (memory $lib "m")) (export "await" (func $await)) (export "set" (func $set))
    (export "join" (func $join)) (export "wait" (func $wait))`;

/**
 * Copies in.txt of the first preopen to out.txt through its memory, awaits both futures, and succeeds
 * if a file that is missing is `no-entry`.
 */
export const COPY: string = `(component
  (import "wasi:filesystem/types@0.3.0" (instance $types
    (export "descriptor" (type $d (sub resource)))
    (type $E (variant ${ERROR_CODES.map((name) => `(case "${name}")`).join(" ")} (case "other" (option string))))
    (export "error-code" (type $e (eq $E)))
    (type $P (flags "symlink-follow")) (export "path-flags" (type $p (eq $P)))
    (type $O (flags "create" "directory" "exclusive" "truncate")) (export "open-flags" (type $o (eq $O)))
    (type $F (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync"
      "mutate-directory")) (export "descriptor-flags" (type $f (eq $F)))
    (export "[method]descriptor.read-via-stream" (func (param "self" (borrow $d)) (param "offset" u64)
      (result (tuple (stream u8) (future (result (error $e)))))))
    (export "[method]descriptor.write-via-stream" (func (param "self" (borrow $d)) (param "data" (stream u8))
      (param "offset" u64) (result (future (result (error $e))))))
    (export "[method]descriptor.open-at" (func async (param "self" (borrow $d)) (param "path-flags" $p)
      (param "path" string) (param "open-flags" $o) (param "flags" $f) (result (result (own $d) (error $e)))))))
  (alias export $types "descriptor" (type $descriptor))
  (alias export $types "error-code" (type $error-code))
  (import "wasi:filesystem/preopens@0.3.0" (instance $preopens
    (alias outer 1 $descriptor (type $D)) (export "descriptor" (type $d (eq $D)))
    (export "get-directories" (func (result (list (tuple (own $d) string)))))))
  ${LIBRARY}
  (type $bytes (stream u8))
  (type $ended (future (result (error $error-code))))
  (core func $directories (canon lower (func $preopens "get-directories") (memory (core memory $lib "m"))
    (realloc (core func $lib "realloc"))))
  (core func $open (canon lower (func $types "[method]descriptor.open-at") (memory (core memory $lib "m"))
    (realloc (core func $lib "realloc"))))
  (core func $read-file (canon lower (func $types "[method]descriptor.read-via-stream")
    (memory (core memory $lib "m"))))
  (core func $write-file (canon lower (func $types "[method]descriptor.write-via-stream")))
  (core func $new (canon stream.new $bytes))
  (core func $read (canon stream.read $bytes async (memory (core memory $lib "m"))))
  (core func $write (canon stream.write $bytes async (memory (core memory $lib "m"))))
  (core func $end (canon stream.drop-writable $bytes))
  ${WAITING}
  (core module $M ${IMPORTED_WAITING}
    (import "" "directories" (func $directories (param i32)))
    (import "" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
    (import "" "read-file" (func $read-file (param i32 i64 i32)))
    (import "" "write-file" (func $write-file (param i32 i32 i64) (result i32)))
    (import "" "new" (func $new (result i64)))
    (import "" "read" (func $read (param i32 i32 i32) (result i32)))
    (import "" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "" "end" (func $end (param i32)))
    (func $opened (param $directory i32) (param $name i32) (param $length i32) (param $open i32) (param $flags i32)
      (result i32)
      (call $open (local.get $directory) (i32.const 0) (local.get $name) (local.get $length) (local.get $open)
        (local.get $flags) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then unreachable))
      (i32.load (i32.const 68)))
    (func (export "run") (result i32)
      (local $directory i32) (local $from i32) (local $ended i32) (local $written i32) (local $pair i64)
      (local $to i32) (local $got i32)
      (call $directories (i32.const 16))
      (local.set $directory (i32.load (i32.load (i32.const 16))))
      (call $read-file (call $opened (local.get $directory) (i32.const 1024) (i32.const 6) (i32.const 0) (i32.const 1))
        (i64.const 0) (i32.const 32))
      (local.set $from (i32.load (i32.const 32)))
      (local.set $ended (i32.load (i32.const 36)))
      (local.set $pair (call $new))
      (local.set $to (i32.wrap_i64 (i64.shr_u (local.get $pair) (i64.const 32))))
      (local.set $written (call $write-file
        (call $opened (local.get $directory) (i32.const 1040) (i32.const 7) (i32.const 1) (i32.const 2))
        (i32.wrap_i64 (local.get $pair)) (i64.const 0)))
      (block $over (loop $more
        (local.set $got (call $done (local.get $from)
          (call $read (local.get $from) (i32.const 65536) (i32.const 30000))))
        (drop (call $done (local.get $to)
          (call $write (local.get $to) (i32.const 65536) (i32.shr_u (local.get $got) (i32.const 4)))))
        (br_if $more (i32.eqz (i32.and (local.get $got) (i32.const 15))))))
      (call $end (local.get $to))
      (if (call $result (local.get $ended)) (then unreachable))
      (if (call $result (local.get $written)) (then unreachable))
      (call $open (local.get $directory) (i32.const 0) (i32.const 1056) (i32.const 7) (i32.const 0) (i32.const 1)
        (i32.const 64))
      (i32.ne (i32.load8_u (i32.const 68)) (i32.const ${ERROR_CODES.indexOf("no-entry")}))))
  (core instance $m (instantiate $M (with "" (instance ${EXPORTED_WAITING}
    (export "directories" (func $directories)) (export "open" (func $open)) (export "read-file" (func $read-file))
    (export "write-file" (func $write-file)) (export "new" (func $new)) (export "read" (func $read))
    (export "write" (func $write)) (export "end" (func $end)) (export "wait" (func $wait))))))
  (func $run async (result (result)) (canon lift (core func $m "run")))
  (instance (export "wasi:cli/run@0.3.0") (export "run" (func $run))))`;

/** Gives as its own result what the future of standard input says, whose stream it drops at once. */
export const AWAIT: string = `(component
  (import "wasi:cli/stdin@0.3.0" (instance $stdin
    (type $E (enum "io" "illegal-byte-sequence" "pipe")) (export "error-code" (type $e (eq $E)))
    (export "read-via-stream" (func (result (tuple (stream u8) (future (result (error $e)))))))))
  (alias export $stdin "error-code" (type $error-code))
  ${LIBRARY}
  (type $bytes (stream u8))
  (type $ended (future (result (error $error-code))))
  (core func $stdin (canon lower (func $stdin "read-via-stream") (memory (core memory $lib "m"))))
  (core func $drop (canon stream.drop-readable $bytes))
  ${WAITING}
  (core module $M
    (import "" "stdin" (func $stdin (param i32))) (import "" "drop" (func $drop (param i32)))
    ${IMPORTED_WAITING}
    (func (export "run") (result i32)
      (call $stdin (i32.const 16))
      (call $drop (i32.load (i32.const 16)))
      (call $result (i32.load (i32.const 20)))))
  (core instance $m (instantiate $M (with "" (instance ${EXPORTED_WAITING}
    (export "stdin" (func $stdin)) (export "drop" (func $drop))))))
  (func $run async (result (result)) (canon lift (core func $m "run")))
  (instance (export "wasi:cli/run@0.3.0") (export "run" (func $run))))`;

/** Waits for a millisecond, takes eight random bytes, and succeeds if it has two arguments then. */
export const WAIT: string = `(component
  (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
    (export "now" (func (result u64))) (export "wait-for" (func async (param "how-long" u64)))))
  (import "wasi:random/random@0.3.0" (instance $random
    (export "get-random-bytes" (func (param "max-len" u64) (result (list u8))))))
  (import "wasi:cli/environment@0.3.0" (instance $environment
    (export "get-arguments" (func (result (list string))))))
  ${LIBRARY}
  (core func $now (canon lower (func $clock "now")))
  (core func $wait-for (canon lower (func $clock "wait-for")))
  (core func $random (canon lower (func $random "get-random-bytes") (memory (core memory $lib "m"))
    (realloc (core func $lib "realloc"))))
  (core func $arguments (canon lower (func $environment "get-arguments") (memory (core memory $lib "m"))
    (realloc (core func $lib "realloc"))))
  (core module $M (import "" "m" (memory 1)) (import "" "now" (func $now (result i64)))
    (import "" "wait-for" (func $wait-for (param i64))) (import "" "random" (func $random (param i64 i32)))
    (import "" "arguments" (func $arguments (param i32)))
    (func (export "run") (result i32) (local $start i64)
      (local.set $start (call $now))
      (call $wait-for (i64.const 1000000))
      (if (i64.lt_u (i64.sub (call $now) (local.get $start)) (i64.const 1000000)) (then unreachable))
      (call $random (i64.const 8) (i32.const 16))
      (if (i32.ne (i32.load (i32.const 20)) (i32.const 8)) (then unreachable))
      (call $arguments (i32.const 16))
      (i32.ne (i32.load (i32.const 20)) (i32.const 2))))
  (core instance $m (instantiate $M (with "" (instance (export "m" (memory $lib "m")) (export "now" (func $now))
    (export "wait-for" (func $wait-for)) (export "random" (func $random)) (export "arguments" (func $arguments))))))
  (func $run async (result (result)) (canon lift (core func $m "run")))
  (instance (export "wasi:cli/run@0.3.0") (export "run" (func $run))))`;
