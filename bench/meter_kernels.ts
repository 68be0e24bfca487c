// Core modules in the text format whose work is measured plain and metered: loops, calls, memory.
// Each exports `run`, which takes how much to do and gives a number to compare.

/** The kernels, by name. The last number is how much `run` does in some milliseconds. */
export const kernels: Readonly<Record<string, { readonly text: string; readonly size: number; readonly bare?: true }>> =
  {
    "counting loop": {
      bare: true,
      size: 20_000_000,
      text: `(func (export "run") (param i32) (result i32)
      (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 0))`,
    },
    "Mandelbrot": {
      size: 120,
      text: `(func (export "run") (param $n i32) (result i32)
      (local $x i32) (local $y i32) (local $i i32) (local $sum i32)
      (local $cr f64) (local $ci f64) (local $zr f64) (local $zi f64) (local $t f64)
      (loop $rows
        (local.set $x (i32.const 0))
        (loop $columns
          (local.set $cr (f64.sub (f64.div (f64.mul (f64.convert_i32_s (local.get $x)) (f64.const 3)) (f64.convert_i32_s (local.get $n))) (f64.const 2)))
          (local.set $ci (f64.sub (f64.div (f64.mul (f64.convert_i32_s (local.get $y)) (f64.const 2)) (f64.convert_i32_s (local.get $n))) (f64.const 1)))
          (local.set $zr (f64.const 0)) (local.set $zi (f64.const 0)) (local.set $i (i32.const 0))
          (block $out (loop $steps
            (local.set $t (f64.add (f64.sub (f64.mul (local.get $zr) (local.get $zr)) (f64.mul (local.get $zi) (local.get $zi))) (local.get $cr)))
            (local.set $zi (f64.add (f64.mul (f64.mul (f64.const 2) (local.get $zr)) (local.get $zi)) (local.get $ci)))
            (local.set $zr (local.get $t))
            (br_if $out (f64.gt (f64.add (f64.mul (local.get $zr) (local.get $zr)) (f64.mul (local.get $zi) (local.get $zi))) (f64.const 4)))
            (br_if $steps (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200)))))
          (local.set $sum (i32.add (local.get $sum) (local.get $i)))
          (br_if $columns (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 1))) (local.get $n))))
        (br_if $rows (i32.lt_u (local.tee $y (i32.add (local.get $y) (i32.const 1))) (local.get $n))))
      (local.get $sum))`,
    },
    "SHA-256": {
      size: 6_000,
      text: sha256(),
    },
    "Fibonacci": {
      size: 29,
      text: `(func $fib (export "run") (param i32) (result i32)
      (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))`,
    },
    "bytes copied one by one": {
      size: 60,
      text: `(memory 4)
      (func $copy (param $to i32) (param $from i32) (param $n i32)
        (loop $l
          (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
          (local.set $to (i32.add (local.get $to) (i32.const 1)))
          (local.set $from (i32.add (local.get $from) (i32.const 1)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
      (func (export "run") (param i32) (result i32)
        (i32.store (i32.const 0) (local.get 0))
        (loop $l
          (call $copy (i32.const 131072) (i32.const 0) (i32.const 100000))
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i32.load (i32.const 131072)))`,
    },
    "memory.copy of 64 bytes": {
      size: 500_000,
      text: `(memory 1)
      (func (export "run") (param i32) (result i32)
        (loop $l
          (memory.copy (i32.const 4096) (i32.const 0) (i32.const 64))
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i32.load (i32.const 4096)))`,
    },
    "calls through a table": {
      size: 3_000_000,
      text: `(type $t (func (param i32) (result i32)))
      (table funcref (elem $a $b $c $d))
      (func $a (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func $b (param i32) (result i32) (i32.xor (local.get 0) (i32.const 5)))
      (func $c (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
      (func $d (param i32) (result i32) (i32.sub (local.get 0) (i32.const 7)))
      (func (export "run") (param i32) (result i32) (local $x i32)
        (loop $l
          (local.set $x (call_indirect (type $t) (local.get $x) (i32.and (local.get 0) (i32.const 3))))
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get $x))`,
    },
    "sorting": {
      size: 12,
      text: `(memory 2)
      (func $sort (param $low i32) (param $high i32) (local $i i32) (local $j i32) (local $pivot i32) (local $t i32)
        (if (i32.ge_s (local.get $low) (local.get $high)) (then (return)))
        (local.set $i (local.get $low)) (local.set $j (local.get $high))
        (local.set $pivot (i32.load (i32.shl (i32.shr_u (i32.add (local.get $low) (local.get $high)) (i32.const 1)) (i32.const 2))))
        (loop $l
          (loop $up (if (i32.lt_s (i32.load (i32.shl (local.get $i) (i32.const 2))) (local.get $pivot))
            (then (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $up))))
          (loop $down (if (i32.gt_s (i32.load (i32.shl (local.get $j) (i32.const 2))) (local.get $pivot))
            (then (local.set $j (i32.sub (local.get $j) (i32.const 1))) (br $down))))
          (if (i32.le_s (local.get $i) (local.get $j)) (then
            (local.set $t (i32.load (i32.shl (local.get $i) (i32.const 2))))
            (i32.store (i32.shl (local.get $i) (i32.const 2)) (i32.load (i32.shl (local.get $j) (i32.const 2))))
            (i32.store (i32.shl (local.get $j) (i32.const 2)) (local.get $t))
            (local.set $i (i32.add (local.get $i) (i32.const 1))) (local.set $j (i32.sub (local.get $j) (i32.const 1)))))
          (br_if $l (i32.le_s (local.get $i) (local.get $j))))
        (call $sort (local.get $low) (local.get $j))
        (call $sort (local.get $i) (local.get $high)))
      (func (export "run") (param $n i32) (result i32) (local $i i32) (local $x i32)
        (loop $again
          (local.set $i (i32.const 0)) (local.set $x (i32.const 12345))
          (loop $fill
            (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1103515245)) (i32.const 12345)))
            (i32.store (i32.shl (local.get $i) (i32.const 2)) (local.get $x))
            (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20000))))
          (call $sort (i32.const 0) (i32.const 19999))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.load (i32.const 40000)))`,
    },
  };

/** SHA-256 as compilers make it: a round function in a loop over 64 rounds, inlined. */
function sha256(): string {
  const rotated = (x: string, ...by: readonly number[]): string =>
    `(i32.xor (i32.xor (i32.rotr ${x} (i32.const ${by[0]})) (i32.rotr ${x} (i32.const ${
      by[1]
    }))) (i32.rotr ${x} (i32.const ${by[2]})))`;
  const shifted = (x: string, ...by: readonly number[]): string =>
    `(i32.xor (i32.xor (i32.rotr ${x} (i32.const ${by[0]})) (i32.rotr ${x} (i32.const ${
      by[1]
    }))) (i32.shr_u ${x} (i32.const ${by[2]})))`;
  const get = (name: string): string => `(local.get $${name})`;
  const at = (offset: number): string => `(i32.load offset=${offset} (local.get $p))`;
  return `(memory 1)
    (func (export "run") (param $n i32) (result i32)
      (local $i i32) (local $p i32) (local $t i32) (local $u i32)
      ${["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => `(local $${name} i32)`).join(" ")}
      (local.set $a (i32.const 0x6a09e667)) (local.set $e (i32.const 0x510e527f))
      (loop $blocks
        (local.set $p (i32.const 0)) (local.set $i (i32.const 48))
        (loop $schedule
          (i32.store offset=64 (local.get $p) (i32.add (i32.add ${at(0)} ${shifted(at(4), 7, 18, 3)})
            (i32.add ${at(36)} ${shifted(at(56), 17, 19, 10)})))
          (local.set $p (i32.add (local.get $p) (i32.const 4)))
          (br_if $schedule (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (local.set $p (i32.const 0)) (local.set $i (i32.const 64))
        (loop $rounds
          (local.set $t (i32.add (i32.add (i32.add ${get("h")} ${rotated(get("e"), 6, 11, 25)})
            (i32.xor (i32.and ${get("e")} ${get("f")}) (i32.and (i32.xor ${get("e")} (i32.const -1)) ${get("g")})))
            (i32.add (i32.const 0x428a2f98) ${at(0)})))
          (local.set $u (i32.add ${rotated(get("a"), 2, 13, 22)}
            (i32.xor (i32.xor (i32.and ${get("a")} ${get("b")}) (i32.and ${get("a")} ${get("c")})) (i32.and ${
    get("b")
  } ${get("c")}))))
          (local.set $h ${get("g")}) (local.set $g ${get("f")}) (local.set $f ${get("e")})
          (local.set $e (i32.add ${get("d")} ${get("t")}))
          (local.set $d ${get("c")}) (local.set $c ${get("b")}) (local.set $b ${get("a")})
          (local.set $a (i32.add ${get("t")} ${get("u")}))
          (local.set $p (i32.add (local.get $p) (i32.const 4)))
          (br_if $rounds (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (i32.store (i32.const 0) ${get("a")}) (i32.store (i32.const 32) ${get("e")})
        (br_if $blocks (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $a))`;
}
