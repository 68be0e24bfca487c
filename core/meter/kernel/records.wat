;; The kernel that meters function bodies, in three files: this one has what both others use, scan.wat finds where a
;; body must be charged and by how much, write.wat writes the charged body. `deno task fixtures` encodes them as one
;; module into kernel_bytes.ts. kernel.ts fills the tables, puts bodies into the window, and takes what leaves.
;;
;; Addresses that do not change (kernel.ts has them too):
;;   0x0000  256 entries, of instructions without a prefix; at 0x0800 four times 320, of the prefixes 0xfb to 0xfe
;;   0x3000  how many types, functions, tables and globals the module has, by the number of the space, from 1 on
;;   0x3014  units up to which a small function is not charged
;;   0x3040  pieces of code, 16 bytes each, whose last byte is their length: get the counter, set it, refill, spend,
;;           grow, wait, is the counter negative
;;   0x3100  what $fail says: code, place, space, index
;;   0x3110  where $bodies stopped, how many it did, how many bytes it needs for a body that does not fit, and how
;;           long the declarations of locals are in the body that was written last
;;   0x3180  the indices of an instruction
;;   0x3200  bits that say which memories are wide; at 0x3400, which tables are
;;   0x7800  how many bytes a plain instruction has, by its opcode, if its immediates are short
;;   0x8000  how many parameters each of the next functions has
;;
;; An entry has two words (opcodes.ts makes them). The first is a mask for the two bytes that follow the opcode: an
;; instruction is plain, and its immediates are as short as can be, if no bit is set in both. Bits 7 and 15 are set
;; where a byte must end a LEB128 integer. Bits 16 to 22 are set if the byte is the index of a local. Bit 30 is always
;; set, and bit 31 if the instruction is not plain. Then the other bits say what it has: 0 and 1 how many indices, 2 to
;; 4 and 5 to 7 of which spaces, 8 and 9 what says whether its length is wide (1 memories, 2 tables), 10 to 13 by how
;; much that length is shifted, plus 8. The second word is the class (bits 0 to 5) and the units (from 8 on).
;;
;; Records have 48 bytes. Of a head (a function's entry, or a loop): +0 the next charge, +4 its kind, which is 0, +8 its
;; place, +12 where `loop` begins, +16 units, +24 way, +32 sum, +40 whether it calls, +44 the head around it. Of another
;; charge: +0, +4 (1 a length, 2 growing, 3 waiting), +8, +12 a shift or the number of the space, +16 whether it is
;; wide, +44 the head that it belongs to. Once written: +24 and +28 how many bytes were put in at +12 and +8, +32
;; where the charge's branch is. Of a frame (a block that is open): +0 kind, +4 its head, +8 its handlers, +12 how many,
;; +16 the way and +24 the sum where it began, +32 the dearest way to its label, +40 the dearest way to where its body
;; threw.
;; Ways and sums are 64-bit floats, so that -infinity says that no way leads there.

  (memory (export "memory") 8)
  (global $frames (mut i32) (i32.const 0))
  (global $out (export "out") (mut i32) (i32.const 0))
  (global $outEnd (mut i32) (i32.const 0))
  (global $hints (export "hints") (mut i32) (i32.const 0))
  (global $hintsEnd (mut i32) (i32.const 0))
  ;; How many functions the hints are about.
  (global $hinted (export "hinted") (mut i32) (i32.const 0))
  (global $records (mut i32) (i32.const 0))
  (global $next (mut i32) (i32.const 0))
  (global $free (mut i32) (i32.const 0))
  ;; The first and the last charge of the body, and how many there are.
  (global $first (export "first") (mut i32) (i32.const 0))
  (global $last (mut i32) (i32.const 0))
  (global $count (mut i32) (i32.const 0))
  ;; Whether the body needs locals for lengths of 32 and 64 bits.
  (global $narrow (mut i32) (i32.const 0))
  (global $wide (mut i32) (i32.const 0))
  ;; The declarations of the body: how many groups and locals, with the parameters; where the groups begin and end.
  (global $groups (mut i32) (i32.const 0))
  (global $locals (mut i32) (i32.const 0))
  (global $begin (mut i32) (i32.const 0))
  (global $localsEnd (export "localsEnd") (mut i32) (i32.const 0))
  ;; Where the first type is in the body whose index is one that the module does not have; 0 if there is none.
  (global $foreign (mut i32) (i32.const 0))
  ;; Where the body that was written last begins.
  (global $written (export "written") (mut i32) (i32.const 0))

  ;; Says where things are.
  (func (export "layout") (param $frames i32) (param $out i32) (param $hints i32) (param $records i32)
    (global.set $frames (local.get $frames))
    (global.set $out (local.get $out))
    (global.set $outEnd (local.get $hints))
    (global.set $hints (local.get $hints))
    (global.set $hintsEnd (local.get $records))
    (global.set $records (local.get $records)))

  ;; Where a LEB128 integer ends. Behind the window are bytes that end one.
  (func $skip (param $at i32) (result i32)
    (loop $more (result i32)
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $more (i32.ge_u (i32.load8_u (i32.sub (local.get $at) (i32.const 1))) (i32.const 0x80)))
      (local.get $at)))

  ;; An unsigned integer; the largest one if it has more than 32 bits, which the engine refuses.
  (func $u32 (param $at i32) (result i32)
    (local $byte i32) (local $value i32) (local $shift i32)
    (loop $more
      (local.set $byte (i32.load8_u (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $value (i32.or (local.get $value)
        (i32.shl (i32.and (local.get $byte) (i32.const 0x7f)) (local.get $shift))))
      (local.set $shift (i32.add (local.get $shift) (i32.const 7)))
      (br_if $more
        (i32.and (i32.ge_u (local.get $byte) (i32.const 0x80)) (i32.lt_u (local.get $shift) (i32.const 35)))))
    (if (i32.and (i32.eq (local.get $shift) (i32.const 35)) (i32.gt_u (local.get $byte) (i32.const 0x0f)))
      (then (return (i32.const -1))))
    (local.get $value))

  ;; A signed integer of 32 bits.
  (func $s32 (param $at i32) (result i32)
    (local $unused i32)
    (local.set $unused (i32.sub (i32.const 32)
      (i32.mul (i32.const 7) (i32.sub (call $skip (local.get $at)) (local.get $at)))))
    (if (result i32) (i32.le_s (local.get $unused) (i32.const 0))
      (then (call $u32 (local.get $at)))
      (else (i32.shr_s (i32.shl (call $u32 (local.get $at)) (local.get $unused)) (local.get $unused)))))

  ;; Where the index of a type ends, or the code of a type that has none: a signed integer.
  (func $typeIndex (param $at i32) (result i32)
    (local $end i32)
    (local.set $end (call $skip (local.get $at)))
    ;; The sign is bit 6 of the last byte. Codes are negative.
    (if (i32.eqz (i32.and (i32.load8_u (i32.sub (local.get $end) (i32.const 1))) (i32.const 0x40)))
      (then (if (i32.ge_u (call $u32 (local.get $at)) (i32.load (i32.const 0x3004)))
        (then (if (i32.eqz (global.get $foreign)) (then (global.set $foreign (local.get $at))))))))
    (local.get $end))

  ;; Where a heap type ends. 0x65 stands before a shared one, 0x62 before an exact one.
  (func $heapType (param $at i32) (result i32)
    (local $byte i32)
    (local.set $byte (i32.load8_u (local.get $at)))
    (call $typeIndex (i32.add (local.get $at)
      (i32.or (i32.eq (local.get $byte) (i32.const 0x65)) (i32.eq (local.get $byte) (i32.const 0x62))))))

  ;; Whether a byte begins a reference with a heap type.
  (func $isReference (param $byte i32) (result i32)
    (i32.eq (i32.and (i32.sub (local.get $byte) (i32.const 0x63)) (i32.const -2)) (i32.const 0)))

  (func $valueType (param $at i32) (result i32)
    (if (result i32) (call $isReference (i32.load8_u (local.get $at)))
      (then (call $heapType (i32.add (local.get $at) (i32.const 1))))
      (else (i32.add (local.get $at) (i32.const 1)))))

  (func $blockType (param $at i32) (result i32)
    (if (result i32) (call $isReference (i32.load8_u (local.get $at)))
      (then (call $heapType (i32.add (local.get $at) (i32.const 1))))
      (else (call $typeIndex (local.get $at)))))

  (func $memarg (param $at i32) (result i32)
    ;; Bit 6 of the alignment says that a memory index follows.
    (if (i32.and (call $u32 (local.get $at)) (i32.const 0x40)) (then (local.set $at (call $skip (local.get $at)))))
    (call $skip (call $skip (local.get $at))))

  ;; Whether a bit is set.
  (func $isWide (param $bits i32) (param $size i32) (param $index i32) (result i32)
    (if (i32.ge_u (local.get $index) (local.get $size)) (then (return (i32.const 0))))
    (i32.and (i32.const 1) (i32.shr_u
      (i32.load8_u (i32.add (local.get $bits) (i32.shr_u (local.get $index) (i32.const 3))))
      (i32.and (local.get $index) (i32.const 7)))))
  (func $isWideMemory (param $index i32) (result i32)
    (call $isWide (i32.const 0x3200) (i32.const 4096) (local.get $index)))
  (func $isWideTable (param $index i32) (result i32)
    (call $isWide (i32.const 0x3400) (i32.const 131072) (local.get $index)))

  ;; Gives the code of an error: 1 an unknown index, 2 an unknown instruction, 3 the end came too soon, 4 too late,
  ;; 5 the declarations of locals are wrong, 6 a type's index is unknown.
  (func $fail (param $code i32) (param $at i32) (param $space i32) (param $index i32) (result i32)
    (i32.store (i32.const 0x3100) (local.get $code))
    (i32.store (i32.const 0x3104) (local.get $at))
    (i32.store (i32.const 0x3108) (local.get $space))
    (i32.store (i32.const 0x310c) (local.get $index))
    (local.get $code))

  (func $allocate (result i32)
    (local $record i32)
    (local.set $record (global.get $next))
    (global.set $next (i32.add (local.get $record) (i32.const 48)))
    (if (i32.gt_u (global.get $next) (i32.shl (memory.size) (i32.const 16)))
      (then (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (unreachable)))))
    (local.get $record))

  (func $charge (param $kind i32) (param $at i32) (param $start i32) (param $head i32) (result i32)
    (local $record i32)
    (local.set $record (call $allocate))
    (i32.store offset=0 (local.get $record) (i32.const 0))
    (i32.store offset=4 (local.get $record) (local.get $kind))
    (i32.store offset=8 (local.get $record) (local.get $at))
    (i32.store offset=12 (local.get $record) (local.get $start))
    (f64.store offset=16 (local.get $record) (f64.const 0))
    (i32.store offset=40 (local.get $record) (i32.const 0))
    (i32.store offset=44 (local.get $record) (local.get $head))
    (if (global.get $last)
      (then (i32.store (global.get $last) (local.get $record)))
      (else (global.set $first (local.get $record))))
    (global.set $last (local.get $record))
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (local.get $record))

  ;; Opens a frame: 0 a block, 1 a loop, 2 an `if`, 3 a `try`, 4 anything else.
  (func $open (param $at i32) (param $kind i32) (param $head i32) (param $way f64) (param $sum f64) (result i32)
    (local $frame i32)
    (if (global.get $free)
      (then
        (local.set $frame (global.get $free))
        (global.set $free (i32.load offset=8 (local.get $frame))))
      (else (local.set $frame (call $allocate))))
    (i32.store (local.get $at) (local.get $frame))
    (i32.store offset=0 (local.get $frame) (local.get $kind))
    (i32.store offset=4 (local.get $frame) (local.get $head))
    (i32.store offset=12 (local.get $frame) (i32.const 0))
    (f64.store offset=16 (local.get $frame) (local.get $way))
    (f64.store offset=24 (local.get $frame) (local.get $sum))
    (f64.store offset=32 (local.get $frame) (f64.const -inf))
    (f64.store offset=40 (local.get $frame) (f64.const 0))
    (local.get $frame))

  ;; A way leads to a label. Code of inner regions on it is charged there.
  (func $reach (param $frame i32) (param $head i32) (param $way f64)
    ;; Back to the head of a loop, which charges again.
    (if (i32.eq (i32.load (local.get $frame)) (i32.const 1)) (then (return)))
    (if (i32.ne (i32.load offset=4 (local.get $frame)) (local.get $head))
      (then (local.set $way (f64.load offset=24 (i32.load offset=4 (local.get $frame))))))
    (f64.store offset=32 (local.get $frame) (f64.max (f64.load offset=32 (local.get $frame)) (local.get $way))))

  ;; A branch to a label, counted from the frame at `top`. There may be none: the engine refuses the module.
  (func $branch (param $top i32) (param $label i32) (param $head i32) (param $way f64)
    (if (i32.lt_u (local.get $label) (i32.shr_u (i32.sub (local.get $top) (global.get $frames)) (i32.const 2)))
      (then (call $reach
        (i32.load (i32.sub (i32.sub (local.get $top) (i32.const 4)) (i32.shl (local.get $label) (i32.const 2))))
        (local.get $head) (local.get $way)))))

  ;; Reads the indices of an instruction, which has these bits. They are at 0x3180. Gives where they end; 0 if one is
  ;; unknown.
  (func $indices (param $at i32) (param $bits i32) (param $start i32) (result i32)
    (local $i i32) (local $index i32) (local $space i32) (local $spaces i32)
    (local.set $spaces (i32.shr_u (local.get $bits) (i32.const 2)))
    (block $done
      (loop $more
        (br_if $done (i32.eq (local.get $i) (i32.and (local.get $bits) (i32.const 3))))
        (local.set $index (call $u32 (local.get $at)))
        (local.set $at (call $skip (local.get $at)))
        (local.set $space (i32.and (local.get $spaces) (i32.const 7)))
        (if (i32.and
            (i32.ne (local.get $space) (i32.const 0))
            (i32.ge_u (local.get $index)
              (i32.load (i32.add (i32.const 0x3000) (i32.shl (local.get $space) (i32.const 2))))))
          (then
            (drop (call $fail (i32.const 1) (local.get $start) (local.get $space) (local.get $index)))
            (return (i32.const 0))))
        (i32.store (i32.add (i32.const 0x3180) (i32.shl (local.get $i) (i32.const 2))) (local.get $index))
        (local.set $spaces (i32.shr_u (local.get $spaces) (i32.const 3)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $more)))
    (local.get $at))

  ;; A charge by a length, before an instruction with these bits and the indices at 0x3180.
  (func $length (param $at i32) (param $bits i32) (param $head i32)
    (local $wide i32) (local $what i32)
    (local.set $what (i32.and (i32.shr_u (local.get $bits) (i32.const 8)) (i32.const 3)))
    ;; The length of a copy has 64 bits if both sides have. A second index that is missing is like the first.
    (if (i32.eq (i32.and (local.get $bits) (i32.const 3)) (i32.const 1))
      (then (i32.store (i32.const 0x3184) (i32.load (i32.const 0x3180)))))
    (if (i32.eq (local.get $what) (i32.const 1))
      (then (local.set $wide (i32.and
        (call $isWideMemory (i32.load (i32.const 0x3180))) (call $isWideMemory (i32.load (i32.const 0x3184)))))))
    (if (i32.eq (local.get $what) (i32.const 2))
      (then (local.set $wide (i32.and
        (call $isWideTable (i32.load (i32.const 0x3180))) (call $isWideTable (i32.load (i32.const 0x3184)))))))
    (i32.store offset=16
      (call $charge (i32.const 1) (local.get $at) (call $shift (local.get $bits)) (local.get $head))
      (local.get $wide))
    (if (local.get $wide)
      (then (global.set $wide (i32.const 1)))
      (else (global.set $narrow (i32.const 1)))))

  (func $shift (param $bits i32) (result i32)
    (i32.sub (i32.and (i32.shr_u (local.get $bits) (i32.const 10)) (i32.const 15)) (i32.const 8)))

  ;; The units of a length that is a constant, as it is where a compiler copies one value; -1 if there is no such one,
  ;; or it is large. A body may have a million of such instructions.
  (func $known (param $before i32) (param $bits i32) (result i32)
    (local $units i64) (local $shift i32)
    (if (i32.eqz (local.get $before)) (then (return (i32.const -1))))
    (if (i32.ne (i32.load8_u (local.get $before)) (i32.const 0x41)) (then (return (i32.const -1))))
    (local.set $units (i64.extend_i32_s (call $s32 (i32.add (local.get $before) (i32.const 1)))))
    (local.set $shift (call $shift (local.get $bits)))
    (local.set $units (if (result i64) (i32.lt_s (local.get $shift) (i32.const 0))
      (then (i64.shr_s (local.get $units) (i64.extend_i32_s (i32.sub (i32.const 0) (local.get $shift)))))
      (else (i64.shl (local.get $units) (i64.extend_i32_s (local.get $shift))))))
    (if (result i32) (i64.le_u (local.get $units) (i64.const 64))
      (then (i32.wrap_i64 (local.get $units)))
      (else (i32.const -1))))
