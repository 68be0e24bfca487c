;; String kernels over one guest memory: bytes ↔ strings through an array of code units, with the engine's js-string builtins.
;; JavaScript checks ranges and lengths first: at most 1024 bytes or code units, all of them inside the memory.
;; `deno task fixtures` encodes this file into text_bytes.ts.
(module
  (type $units (array (mut i16)))
  (import "wasm:js-string" "fromCharCodeArray"
    (func $from (param (ref null $units) i32 i32) (result (ref extern))))
  (import "wasm:js-string" "intoCharCodeArray"
    (func $into (param externref (ref null $units) i32) (result i32)))
  (import "" "memory" (memory 0))
  (global $scratch (ref $units) (array.new_default $units (i32.const 1024)))

  ;; The continuation byte at `ptr`, its six bits; -1 if there is none or it is beyond the end.
  (func $next (param $ptr i32) (param $end i32) (result i32)
    (local $byte i32)
    (if (i32.eq (local.get $ptr) (local.get $end)) (then (return (i32.const -1))))
    (local.set $byte (i32.load8_u (local.get $ptr)))
    (if (i32.ne (i32.and (local.get $byte) (i32.const 0xc0)) (i32.const 0x80)) (then (return (i32.const -1))))
    (i32.and (local.get $byte) (i32.const 0x3f)))

  ;; UTF-8 → string; null if the bytes are not UTF-8.
  (func (export "loadUtf8") (param $ptr i32) (param $length i32) (result externref)
    (local $end i32) (local $at i32) (local $byte i32) (local $b i32) (local $c i32) (local $d i32)
    (local $word i64) (local $scratch (ref $units))
    (local.set $scratch (global.get $scratch))
    (local.set $end (i32.add (local.get $ptr) (local.get $length)))
    (loop $more
      ;; Eight at once while they are ASCII.
      (if (i32.ge_u (i32.sub (local.get $end) (local.get $ptr)) (i32.const 8))
        (then
          (local.set $word (i64.load align=1 (local.get $ptr)))
          (if (i64.eqz (i64.and (local.get $word) (i64.const 0x8080808080808080)))
            (then
              (array.set $units (local.get $scratch) (local.get $at)
                (i32.wrap_i64 (i64.and (local.get $word) (i64.const 0x7f))))
              (array.set $units (local.get $scratch) (i32.add (local.get $at) (i32.const 1))
                (i32.wrap_i64 (i64.and (i64.shr_u (local.get $word) (i64.const 8)) (i64.const 0x7f))))
              (array.set $units (local.get $scratch) (i32.add (local.get $at) (i32.const 2))
                (i32.wrap_i64 (i64.and (i64.shr_u (local.get $word) (i64.const 16)) (i64.const 0x7f))))
              (array.set $units (local.get $scratch) (i32.add (local.get $at) (i32.const 3))
                (i32.wrap_i64 (i64.and (i64.shr_u (local.get $word) (i64.const 24)) (i64.const 0x7f))))
              (array.set $units (local.get $scratch) (i32.add (local.get $at) (i32.const 4))
                (i32.wrap_i64 (i64.and (i64.shr_u (local.get $word) (i64.const 32)) (i64.const 0x7f))))
              (array.set $units (local.get $scratch) (i32.add (local.get $at) (i32.const 5))
                (i32.wrap_i64 (i64.and (i64.shr_u (local.get $word) (i64.const 40)) (i64.const 0x7f))))
              (array.set $units (local.get $scratch) (i32.add (local.get $at) (i32.const 6))
                (i32.wrap_i64 (i64.and (i64.shr_u (local.get $word) (i64.const 48)) (i64.const 0x7f))))
              (array.set $units (local.get $scratch) (i32.add (local.get $at) (i32.const 7))
                (i32.wrap_i64 (i64.shr_u (local.get $word) (i64.const 56))))
              (local.set $ptr (i32.add (local.get $ptr) (i32.const 8)))
              (local.set $at (i32.add (local.get $at) (i32.const 8)))
              (br $more)))))
      ;; Not "less than": a memory of 4 GiB ends where addresses begin again.
      (if (i32.ne (local.get $ptr) (local.get $end))
        (then
          (local.set $byte (i32.load8_u (local.get $ptr)))
          (local.set $ptr (i32.add (local.get $ptr) (i32.const 1)))
          (block $unit
            (br_if $unit (i32.lt_u (local.get $byte) (i32.const 0x80)))
            (if (i32.or (i32.lt_u (local.get $byte) (i32.const 0xc2)) (i32.gt_u (local.get $byte) (i32.const 0xf4)))
              (then (return (ref.null extern))))
            (local.set $b (call $next (local.get $ptr) (local.get $end)))
            (if (i32.lt_s (local.get $b) (i32.const 0)) (then (return (ref.null extern))))
            (local.set $ptr (i32.add (local.get $ptr) (i32.const 1)))
            (if (i32.lt_u (local.get $byte) (i32.const 0xe0))
              (then
                (local.set $byte
                  (i32.or (i32.shl (i32.and (local.get $byte) (i32.const 0x1f)) (i32.const 6)) (local.get $b)))
                (br $unit)))
            (local.set $c (call $next (local.get $ptr) (local.get $end)))
            (if (i32.lt_s (local.get $c) (i32.const 0)) (then (return (ref.null extern))))
            (local.set $ptr (i32.add (local.get $ptr) (i32.const 1)))
            (if (i32.lt_u (local.get $byte) (i32.const 0xf0))
              (then
                (local.set $byte
                  (i32.or
                    (i32.or
                      (i32.shl (i32.and (local.get $byte) (i32.const 0x0f)) (i32.const 12))
                      (i32.shl (local.get $b) (i32.const 6)))
                    (local.get $c)))
                ;; Overlong, or a surrogate.
                (if
                  (i32.or
                    (i32.lt_u (local.get $byte) (i32.const 0x800))
                    (i32.eq (i32.and (local.get $byte) (i32.const 0xf800)) (i32.const 0xd800)))
                  (then (return (ref.null extern))))
                (br $unit)))
            (local.set $d (call $next (local.get $ptr) (local.get $end)))
            (if (i32.lt_s (local.get $d) (i32.const 0)) (then (return (ref.null extern))))
            (local.set $ptr (i32.add (local.get $ptr) (i32.const 1)))
            (local.set $byte
              (i32.sub
                (i32.or
                  (i32.or
                    (i32.shl (i32.and (local.get $byte) (i32.const 0x07)) (i32.const 18))
                    (i32.shl (local.get $b) (i32.const 12)))
                  (i32.or (i32.shl (local.get $c) (i32.const 6)) (local.get $d)))
                (i32.const 0x10000)))
            ;; Overlong, or beyond U+10FFFF.
            (if (i32.gt_u (local.get $byte) (i32.const 0xfffff)) (then (return (ref.null extern))))
            (array.set $units (local.get $scratch) (local.get $at)
              (i32.or (i32.const 0xd800) (i32.shr_u (local.get $byte) (i32.const 10))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (local.set $byte (i32.or (i32.const 0xdc00) (i32.and (local.get $byte) (i32.const 0x3ff)))))
          (array.set $units (local.get $scratch) (local.get $at) (local.get $byte))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $more))))
    (call $from (local.get $scratch) (i32.const 0) (local.get $at)))

  ;; Latin-1 → string.
  (func (export "loadLatin1") (param $ptr i32) (param $length i32) (result externref)
    (local $at i32) (local $scratch (ref $units))
    (local.set $scratch (global.get $scratch))
    (loop $more
      (if (i32.lt_u (local.get $at) (local.get $length))
        (then
          (array.set $units (local.get $scratch) (local.get $at)
            (i32.load8_u (i32.add (local.get $ptr) (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $more))))
    (call $from (local.get $scratch) (i32.const 0) (local.get $length)))

  ;; UTF-16 → string, whatever its surrogates.
  (func (export "loadUtf16") (param $ptr i32) (param $length i32) (result externref)
    (local $at i32) (local $scratch (ref $units))
    (local.set $scratch (global.get $scratch))
    (loop $more
      (if (i32.lt_u (local.get $at) (local.get $length))
        (then
          (array.set $units (local.get $scratch) (local.get $at)
            (i32.load16_u (i32.add (local.get $ptr) (i32.shl (local.get $at) (i32.const 1)))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $more))))
    (call $from (local.get $scratch) (i32.const 0) (local.get $length)))

  ;; Takes a string and gives its length in UTF-8, a lone surrogate counting as U+FFFD.
  (func (export "take") (param $text externref) (result i32)
    (local $length i32) (local $at i32) (local $unit i32) (local $bytes i32) (local $scratch (ref $units))
    (local.set $scratch (global.get $scratch))
    (local.set $length (call $into (local.get $text) (local.get $scratch) (i32.const 0)))
    ;; Nearly all of it is ASCII: one look at all of it.
    (loop $more
      (if (i32.ge_u (i32.sub (local.get $length) (local.get $at)) (i32.const 8))
        (then
          (local.set $unit
            (i32.or (local.get $unit)
              (i32.or (i32.or (i32.or (array.get_u $units (local.get $scratch) (local.get $at)) (array.get_u $units (local.get $scratch) (i32.add (local.get $at) (i32.const 1)))) (i32.or (array.get_u $units (local.get $scratch) (i32.add (local.get $at) (i32.const 2))) (array.get_u $units (local.get $scratch) (i32.add (local.get $at) (i32.const 3))))) (i32.or (i32.or (array.get_u $units (local.get $scratch) (i32.add (local.get $at) (i32.const 4))) (array.get_u $units (local.get $scratch) (i32.add (local.get $at) (i32.const 5)))) (i32.or (array.get_u $units (local.get $scratch) (i32.add (local.get $at) (i32.const 6))) (array.get_u $units (local.get $scratch) (i32.add (local.get $at) (i32.const 7))))))))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br $more)))
      (if (i32.lt_u (local.get $at) (local.get $length))
        (then
          (local.set $unit (i32.or (local.get $unit) (array.get_u $units (local.get $scratch) (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $more))))
    (if (i32.lt_u (local.get $unit) (i32.const 0x80)) (then (return (local.get $length))))
    (local.set $at (i32.const 0))
    (loop $more
      (if (i32.lt_u (local.get $at) (local.get $length))
        (then
          (local.set $unit (array.get_u $units (local.get $scratch) (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $bytes (i32.add (local.get $bytes) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $unit) (i32.const 0x80)))
          (local.set $bytes (i32.add (local.get $bytes) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $unit) (i32.const 0x800)))
          (local.set $bytes (i32.add (local.get $bytes) (i32.const 1)))
          (br_if $more (i32.ne (i32.and (local.get $unit) (i32.const 0xfc00)) (i32.const 0xd800)))
          (br_if $more (i32.ge_u (local.get $at) (local.get $length)))
          (br_if $more
            (i32.ne
              (i32.and (array.get_u $units (local.get $scratch) (local.get $at)) (i32.const 0xfc00))
              (i32.const 0xdc00)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $bytes (i32.add (local.get $bytes) (i32.const 1)))
          (br $more))))
    (local.get $bytes))

  ;; Writes `length` code units of the string that was taken, all of them ASCII.
  (func (export "writeAscii") (param $ptr i32) (param $length i32)
    (local $at i32) (local $scratch (ref $units))
    (local.set $scratch (global.get $scratch))
    (loop $more
      (if (i32.ge_u (i32.sub (local.get $length) (local.get $at)) (i32.const 4))
        (then
          (i32.store align=1 (i32.add (local.get $ptr) (local.get $at))
            (i32.or (i32.or (array.get_u $units (local.get $scratch) (local.get $at)) (i32.shl (array.get_u $units (local.get $scratch) (i32.add (local.get $at) (i32.const 1))) (i32.const 8))) (i32.or (i32.shl (array.get_u $units (local.get $scratch) (i32.add (local.get $at) (i32.const 2))) (i32.const 16)) (i32.shl (array.get_u $units (local.get $scratch) (i32.add (local.get $at) (i32.const 3))) (i32.const 24)))))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br $more)))
      (if (i32.lt_u (local.get $at) (local.get $length))
        (then
          (i32.store8 (i32.add (local.get $ptr) (local.get $at)) (array.get_u $units (local.get $scratch) (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $more)))))

  ;; Writes `length` code units of the string that was taken as UTF-8.
  (func (export "writeUtf8") (param $ptr i32) (param $length i32)
    (local $at i32) (local $unit i32) (local $low i32) (local $scratch (ref $units))
    (local.set $scratch (global.get $scratch))
    (loop $more
      (if (i32.lt_u (local.get $at) (local.get $length))
        (then
          (local.set $unit (array.get_u $units (local.get $scratch) (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (if (i32.lt_u (local.get $unit) (i32.const 0x80))
            (then
              (i32.store8 (local.get $ptr) (local.get $unit))
              (local.set $ptr (i32.add (local.get $ptr) (i32.const 1)))
              (br $more)))
          (if (i32.lt_u (local.get $unit) (i32.const 0x800))
            (then
              (i32.store8 (local.get $ptr) (i32.or (i32.const 0xc0) (i32.shr_u (local.get $unit) (i32.const 6))))
              (i32.store8 offset=1 (local.get $ptr)
                (i32.or (i32.const 0x80) (i32.and (local.get $unit) (i32.const 0x3f))))
              (local.set $ptr (i32.add (local.get $ptr) (i32.const 2)))
              (br $more)))
          (if (i32.eq (i32.and (local.get $unit) (i32.const 0xf800)) (i32.const 0xd800))
            (then
              (block $lone
                (br_if $lone (i32.ge_u (local.get $unit) (i32.const 0xdc00)))
                (br_if $lone (i32.ge_u (local.get $at) (local.get $length)))
                (local.set $low (array.get_u $units (local.get $scratch) (local.get $at)))
                (br_if $lone (i32.ne (i32.and (local.get $low) (i32.const 0xfc00)) (i32.const 0xdc00)))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (local.set $unit
                  (i32.add
                    (i32.const 0x10000)
                    (i32.or
                      (i32.shl (i32.and (local.get $unit) (i32.const 0x3ff)) (i32.const 10))
                      (i32.and (local.get $low) (i32.const 0x3ff)))))
                (i32.store8 (local.get $ptr) (i32.or (i32.const 0xf0) (i32.shr_u (local.get $unit) (i32.const 18))))
                (i32.store8 offset=1 (local.get $ptr)
                  (i32.or (i32.const 0x80) (i32.and (i32.shr_u (local.get $unit) (i32.const 12)) (i32.const 0x3f))))
                (i32.store8 offset=2 (local.get $ptr)
                  (i32.or (i32.const 0x80) (i32.and (i32.shr_u (local.get $unit) (i32.const 6)) (i32.const 0x3f))))
                (i32.store8 offset=3 (local.get $ptr)
                  (i32.or (i32.const 0x80) (i32.and (local.get $unit) (i32.const 0x3f))))
                (local.set $ptr (i32.add (local.get $ptr) (i32.const 4)))
                (br $more))
              (local.set $unit (i32.const 0xfffd))))
          (i32.store8 (local.get $ptr) (i32.or (i32.const 0xe0) (i32.shr_u (local.get $unit) (i32.const 12))))
          (i32.store8 offset=1 (local.get $ptr)
            (i32.or (i32.const 0x80) (i32.and (i32.shr_u (local.get $unit) (i32.const 6)) (i32.const 0x3f))))
          (i32.store8 offset=2 (local.get $ptr)
            (i32.or (i32.const 0x80) (i32.and (local.get $unit) (i32.const 0x3f))))
          (local.set $ptr (i32.add (local.get $ptr) (i32.const 3)))
          (br $more)))))
)
