;; The code that a function body is charged by, and the loop over bodies.
;; The records of a body's charges enter; its bytes with the charges in them leave, and the hints for their branches.
;;
;; The counter is a 32-bit global. At a head, its new value goes to a local on the way:
;;
;;   counter -= cost; if (counter < 0) refill()
;;
;; In a loop that calls nothing, nobody else changes the counter. There the local keeps it, and the global is only
;; written, so that an iteration need not wait for the memory.
;; A negative counter means that a module overspent: refill() takes the debt from what all modules have together. So the
;; sum that is spent does not depend on who got how much when.
  (func $byte (param $byte i32)
    (i32.store8 (global.get $out) (local.get $byte))
    (global.set $out (i32.add (global.get $out) (i32.const 1))))

  (func $leb (param $value i32)
    (loop $more
      (if (i32.ge_u (local.get $value) (i32.const 0x80))
        (then
          (call $byte (i32.or (local.get $value) (i32.const 0x80)))
          (local.set $value (i32.shr_u (local.get $value) (i32.const 7)))
          (br $more))))
    (call $byte (local.get $value)))

  (func $sleb (param $value i32)
    (loop $more
      (if (i32.ge_u (i32.add (local.get $value) (i32.const 64)) (i32.const 128))
        (then
          (call $byte (i32.or (local.get $value) (i32.const 0x80)))
          (local.set $value (i32.shr_s (local.get $value) (i32.const 7)))
          (br $more))))
    (call $byte (i32.and (local.get $value) (i32.const 0x7f))))

  ;; How many bytes an unsigned integer takes.
  (func $lebSize (param $value i32) (result i32)
    (i32.div_u (i32.sub (i32.const 38) (i32.clz (i32.or (local.get $value) (i32.const 1)))) (i32.const 7)))

  ;; An instruction with the index of a local.
  (func $local (param $opcode i32) (param $index i32)
    (call $byte (local.get $opcode))
    (call $leb (local.get $index)))

  ;; A piece of code that kernel.ts has made.
  (func $piece (param $at i32)
    (i64.store (global.get $out) (i64.load (local.get $at)))
    (i32.store offset=8 (global.get $out) (i32.load offset=8 (local.get $at)))
    (global.set $out (i32.add (global.get $out) (i32.load8_u offset=15 (local.get $at)))))

  ;; Copies bytes of the body. There is room behind them.
  (func $copy (param $from i32) (param $to i32)
    (local $out i32)
    (local.set $out (global.get $out))
    (global.set $out (i32.add (local.get $out) (i32.sub (local.get $to) (local.get $from))))
    (if (i32.gt_u (i32.sub (local.get $to) (local.get $from)) (i32.const 64))
      (then (memory.copy (local.get $out) (local.get $from) (i32.sub (local.get $to) (local.get $from))))
      (else
        ;; The engine's copy takes longer than this for the few bytes that lie between most charges.
        (loop $more
          (if (i32.lt_u (local.get $from) (local.get $to))
            (then
              (i64.store (local.get $out) (i64.load (local.get $from)))
              (local.set $out (i32.add (local.get $out) (i32.const 8)))
              (local.set $from (i32.add (local.get $from) (i32.const 8)))
              (br $more)))))))

  ;; Gets the counter into its local.
  (func $keep
    (call $piece (i32.const 0x3040))
    (call $local (i32.const 0x21) (global.get $locals)))

  ;; Whether the local holds the counter while the code of a head runs: that of a loop that calls nothing.
  (func $keeps (param $head i32) (result i32)
    (i32.and
      (i32.ne (i32.load offset=44 (local.get $head)) (i32.const 0))
      (i32.eqz (i32.load offset=40 (local.get $head)))))

  ;; What is charged at a head, behind the instruction `loop` or the locals.
  (func $chargeHead (param $head i32) (param $units i32)
    (if (call $keeps (local.get $head))
      (then (call $local (i32.const 0x20) (global.get $locals)))
      (else (call $piece (i32.const 0x3040))))
    (call $byte (i32.const 0x41))
    (call $sleb (local.get $units))
    (call $byte (i32.const 0x6b))
    (call $local (i32.const 0x22) (global.get $locals))
    (call $piece (i32.const 0x3050))
    (call $local (i32.const 0x20) (global.get $locals))
    (call $piece (i32.const 0x30a0))
    (i32.store offset=32 (local.get $head)
      (i32.sub (i32.sub (global.get $out) (i32.const 2)) (global.get $written)))
    (call $piece (i32.const 0x3060))
    (if (call $keeps (local.get $head)) (then (call $keep)))
    (call $byte (i32.const 0x0b)))

  ;; What is charged before an instruction that works through the length on the stack.
  (func $chargeLength (param $charge i32) (param $heads i32)
    (local $wide i32) (local $local i32) (local $shift i32)
    (local.set $wide (i32.load offset=16 (local.get $charge)))
    (local.set $shift (i32.load offset=12 (local.get $charge)))
    (local.set $local (i32.add (i32.add (global.get $locals) (local.get $heads))
      (i32.and (global.get $narrow) (local.get $wide))))
    (call $local (i32.const 0x22) (local.get $local))
    (call $local (i32.const 0x20) (local.get $local))
    (if (local.get $shift)
      (then
        (call $byte (i32.add (i32.const 0x41) (local.get $wide)))
        (call $sleb (select (local.get $shift) (i32.sub (i32.const 0) (local.get $shift))
          (i32.gt_s (local.get $shift) (i32.const 0))))
        ;; shl and shr_u of 32 bits, or of 64.
        (call $byte (i32.add
          (select (i32.const 0x74) (i32.const 0x76) (i32.gt_s (local.get $shift) (i32.const 0)))
          (i32.mul (local.get $wide) (i32.const 0x12))))))
    (if (local.get $wide) (then (call $byte (i32.const 0xa7))))
    (call $piece (i32.const 0x3070))
    (if (call $keeps (i32.load offset=44 (local.get $charge))) (then (call $keep))))

  ;; Replaces the operand of an instruction that grows something: by -1, if it may not grow so far.
  (func $chargeGrow (param $charge i32)
    (local $space i32) (local $wide i32)
    (local.set $space (i32.load offset=12 (local.get $charge)))
    (local.set $wide (i32.load offset=16 (local.get $charge)))
    (if (i32.eqz (local.get $wide)) (then (call $byte (i32.const 0xad))))
    (if (i32.and (local.get $space) (i32.const 1))
      (then
        (call $byte (i32.const 0xfc))
        (call $byte (i32.const 16)))
      (else (call $byte (i32.const 0x3f))))
    (call $leb (i32.shr_u (local.get $space) (i32.const 1)))
    (if (i32.eqz (local.get $wide)) (then (call $byte (i32.const 0xad))))
    (call $byte (i32.const 0x41))
    (call $sleb (local.get $space))
    (call $piece (i32.const 0x3080))
    (if (i32.eqz (local.get $wide)) (then (call $byte (i32.const 0xa7)))))

  ;; Writes the charged body, with its size, and the hints that its charges rarely branch. Gives whether there is room.
  (func $write (param $begin i32) (param $end i32) (param $func i32) (param $hint i32) (result i32)
    (local $charge i32) (local $heads i32) (local $size i32) (local $from i32) (local $start i32) (local $units i32)
    (local $before i32)
    ;; A small function that calls nothing is not charged.
    (if (i32.and (i32.and
        (i32.eq (global.get $count) (i32.const 1))
        (i32.eqz (i32.load offset=40 (global.get $first))))
        (f64.le (f64.load offset=16 (global.get $first)) (f64.convert_i32_u (i32.load (i32.const 0x3014)))))
      (then
        (global.set $first (i32.const 0))
        (global.set $count (i32.const 0))))
    ;; No charge takes more than 80 bytes, no hint more than 8.
    (local.set $size (i32.sub (local.get $end) (local.get $begin)))
    (i32.store (i32.const 0x3118) (i32.add (i32.add (local.get $size) (i32.const 128))
      (i32.mul (global.get $count) (i32.const 80))))
    (if (i32.or
        (i32.gt_u (i32.load (i32.const 0x3118)) (i32.sub (global.get $outEnd) (global.get $out)))
        (i32.gt_u (i32.add (i32.mul (global.get $count) (i32.const 8)) (i32.const 32))
          (i32.sub (global.get $hintsEnd) (global.get $hints))))
      (then (return (i32.const 0))))
    (local.set $charge (global.get $first))
    (loop $more
      (if (local.get $charge)
        (then
          (if (i32.eqz (i32.load offset=4 (local.get $charge)))
            (then (local.set $heads (i32.add (local.get $heads)
              (f64.gt (f64.load offset=16 (local.get $charge)) (f64.const 0))))))
          (local.set $charge (i32.load (local.get $charge)))
          (br $more))))

    (local.set $start (global.get $out))
    (local.set $size (call $lebSize (local.get $size)))
    (global.set $out (i32.add (global.get $out) (local.get $size)))
    (global.set $written (global.get $out))
    (call $leb (i32.add (i32.add (global.get $groups) (global.get $wide))
      (i32.or (i32.ne (local.get $heads) (i32.const 0)) (global.get $narrow))))
    (call $copy (global.get $begin) (global.get $localsEnd))
    (if (i32.or (local.get $heads) (global.get $narrow))
      (then
        (call $byte (i32.add (i32.ne (local.get $heads) (i32.const 0)) (global.get $narrow)))
        (call $byte (i32.const 0x7f))))
    (if (global.get $wide)
      (then
        (call $byte (i32.const 1))
        (call $byte (i32.const 0x7e))))
    (i32.store (i32.const 0x311c) (i32.sub (global.get $out) (global.get $written)))
    (if (i32.and (i32.ne (local.get $heads) (i32.const 0)) (local.get $hint))
      (then
        (global.set $hinted (i32.add (global.get $hinted) (i32.const 1)))
        (call $hintLeb (local.get $func))
        (call $hintLeb (local.get $heads))))

    (local.set $from (global.get $localsEnd))
    (local.set $charge (global.get $first))
    (loop $more
      (if (local.get $charge)
        (then
          (block $done
            (if (i32.eqz (i32.load offset=4 (local.get $charge)))
              (then
                (i32.store offset=32 (local.get $charge) (i32.const 0))
                ;; A counter holds no more than 2^31 - 1.
                (local.set $units (i32.trunc_sat_f64_s (f64.load offset=16 (local.get $charge))))
                (br_if $done (i32.eqz (local.get $units)))
                ;; The outermost of the loops that keep the counter in the local has to get it.
                (i32.store offset=24 (local.get $charge) (i32.const 0))
                (if (call $keeps (local.get $charge))
                  (then
                    (if (i32.eqz (call $keeps (i32.load offset=44 (local.get $charge))))
                      (then
                        (call $copy (local.get $from) (i32.load offset=12 (local.get $charge)))
                        (local.set $from (i32.load offset=12 (local.get $charge)))
                        (local.set $before (global.get $out))
                        (call $keep)
                        (i32.store offset=24 (local.get $charge) (i32.sub (global.get $out) (local.get $before)))))))))
            (call $copy (local.get $from) (i32.load offset=8 (local.get $charge)))
            (local.set $from (i32.load offset=8 (local.get $charge)))
            (local.set $before (global.get $out))
            (block $written
              (block $wait (block $grow (block $length (block $head
              (br_table $head $length $grow $wait (i32.load offset=4 (local.get $charge))))
                (call $chargeHead (local.get $charge) (local.get $units))
                (if (local.get $hint)
                  (then
                    (call $hintLeb (i32.load offset=32 (local.get $charge)))
                    ;; One byte, which is 0: unlikely.
                    (i32.store16 (global.get $hints) (i32.const 1))
                    (global.set $hints (i32.add (global.get $hints) (i32.const 2)))))
                (br $written))
                (call $chargeLength (local.get $charge) (i32.ne (local.get $heads) (i32.const 0)))
                (br $written))
                (call $chargeGrow (local.get $charge))
                (br $written))
              (call $piece (i32.const 0x3090)))
            (i32.store offset=28 (local.get $charge) (i32.sub (global.get $out) (local.get $before))))
          (local.set $charge (i32.load (local.get $charge)))
          (br $more))))
    (call $copy (local.get $from) (local.get $end))

    ;; The size takes as many bytes as that of the body as it was, nearly always.
    (local.set $units (i32.sub (global.get $out) (global.get $written)))
    (if (i32.ne (call $lebSize (local.get $units)) (local.get $size))
      (then
        (memory.copy (i32.add (local.get $start) (call $lebSize (local.get $units))) (global.get $written)
          (local.get $units))
        (global.set $written (i32.add (local.get $start) (call $lebSize (local.get $units))))))
    (global.set $out (local.get $start))
    (call $leb (local.get $units))
    (global.set $out (i32.add (global.get $out) (local.get $units)))
    (i32.const 1))

  (func $hintLeb (param $value i32)
    (local $out i32)
    (local.set $out (global.get $out))
    (global.set $out (global.get $hints))
    (call $leb (local.get $value))
    (global.set $hints (global.get $out))
    (global.set $out (local.get $out)))

  ;; Reads the declarations of locals. Gives 0, or the code of an error.
  (func $declarations (param $at i32) (param $end i32) (param $params i32) (result i32)
    (local $left i32) (local $sum i64)
    (local.set $left (call $u32 (local.get $at)))
    (global.set $groups (local.get $left))
    (local.set $sum (i64.extend_i32_u (local.get $params)))
    (block $wrong
      (br_if $wrong (call $isBad (local.get $at)))
      (local.set $at (call $skip (local.get $at)))
      (global.set $begin (local.get $at))
      (br_if $wrong (i32.gt_u (local.get $at) (local.get $end)))
      (br_if $wrong (i32.gt_u (local.get $left) (i32.sub (local.get $end) (local.get $at))))
      (loop $more
        (if (local.get $left)
          (then
            (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (call $u32 (local.get $at)))))
            (local.set $at (call $valueType (call $skip (local.get $at))))
            (br_if $wrong (i32.gt_u (local.get $at) (local.get $end)))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br $more))))
      ;; Engines allow far fewer.
      (global.set $locals (i32.wrap_i64 (select (local.get $sum) (i64.const 0x7fffffff)
        (i64.lt_u (local.get $sum) (i64.const 0x7fffffff)))))
      (global.set $localsEnd (local.get $at))
      (return (i32.const 0)))
    (call $fail (i32.const 5) (local.get $at) (i32.const 0) (i32.const 0)))

  ;; Whether an integer is written anew that the engine would refuse: one of more than five bytes, or 32 bits.
  (func $isBad (param $at i32) (result i32)
    (local $i i32)
    (loop $more
      (if (i32.lt_u (i32.load8_u (i32.add (local.get $at) (local.get $i))) (i32.const 0x80))
        (then (return (i32.const 0))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $i) (i32.const 4))))
    (i32.gt_u (i32.load8_u (i32.add (local.get $at) (i32.const 4))) (i32.const 0x0f)))

  ;; Charges up to `count` bodies that lie one behind the other, each with its size; `func` is the index of the first.
  ;; Gives 0 if all of them are, 1 if the next one is not whole, 2 if its size is wrong, 3 if there is no room for it,
  ;; 4 if it is wrong.
  (func (export "bodies") (param $at i32) (param $end i32) (param $count i32) (param $func i32) (param $hint i32)
    (result i32)
    (local $start i32) (local $size i32) (local $done i32) (local $state i32)
    (block $stop
      (loop $more
        (br_if $stop (i32.eq (local.get $done) (local.get $count)))
        (local.set $state (i32.const 1))
        (br_if $stop (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $start (call $skip (local.get $at)))
        (br_if $stop (i32.gt_u (local.get $start) (local.get $end)))
        (local.set $state (i32.const 2))
        (br_if $stop (call $isBad (local.get $at)))
        (local.set $state (i32.const 1))
        (local.set $size (call $u32 (local.get $at)))
        (br_if $stop (i32.gt_u (local.get $size) (i32.sub (local.get $end) (local.get $start))))
        (local.set $state (i32.const 4))
        (br_if $stop (call $declarations (local.get $start) (i32.add (local.get $start) (local.get $size))
          (i32.load (i32.add (i32.const 0x8000) (i32.shl (local.get $done) (i32.const 2))))))
        (if (call $scan (global.get $localsEnd) (i32.add (local.get $start) (local.get $size)) (global.get $locals)
            (i32.const 0x80000000))
          (then (br_if $stop (call $scan (global.get $localsEnd) (i32.add (local.get $start) (local.get $size))
            (global.get $locals) (i32.const 0xc0000000)))))
        (local.set $state (i32.const 3))
        (br_if $stop (i32.eqz (call $write (local.get $start) (i32.add (local.get $start) (local.get $size))
          (i32.add (local.get $func) (local.get $done)) (local.get $hint))))
        (local.set $state (i32.const 0))
        (local.set $at (i32.add (local.get $start) (local.get $size)))
        (local.set $done (i32.add (local.get $done) (i32.const 1)))
        (br $more)))
    (i32.store (i32.const 0x3110) (local.get $at))
    (i32.store (i32.const 0x3114) (local.get $done))
    (local.get $state))
