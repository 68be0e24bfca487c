;; Instances in instances, aliases through several levels, synthetic instances, arguments of every sort, outer aliases.

(component
  (core module $N (func (export "n") (result i32) (i32.const 40)))
  (component $Leaf
    (core module $M (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
    (core instance $m (instantiate $M))
    (func (export "f") (param "x" u32) (result u32) (canon lift (core func $m "f"))))
  (component $Middle
    (import "leaf" (component $L (export "f" (func (param "x" u32) (result u32)))))
    (import "module" (core module $N (export "n" (func (result i32)))))
    (type $U u32)
    (import "type" (type $T (eq $U)))
    (instance $leaf (instantiate $L))
    (core instance $n (instantiate $N))
    (func $n (result u32) (canon lift (core func $n "n")))
    (instance $inner (export "f" (func $leaf "f")) (export "n" (func $n)))
    (export "inner" (instance $inner))
    (instance $outer (export "deep" (instance $inner)))
    (export "outer" (instance $outer)))
  (type $T u32)
  (instance $middle (instantiate $Middle
    (with "leaf" (component $Leaf)) (with "module" (core module $N)) (with "type" (type $T))))
  (alias export $middle "outer" (instance $outer))
  (alias export $outer "deep" (instance $deep))
  (alias export $deep "f" (func $f))
  (export "f" (func $f))
  (func (export "n") (alias export $deep "n")))
(assert_return (invoke "f" (u32.const 6)) (u32.const 7))
(assert_return (invoke "n") (u32.const 40))

;; Each instantiation has its own state; start functions run in order.
(component
  (component $Counter
    (core module $M
      (global $n (mut i32) (i32.const 0))
      (func $start (global.set $n (i32.const 10)))
      (start $start)
      (func (export "next") (result i32)
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (global.get $n)))
    (core instance $m (instantiate $M))
    (func (export "next") (result u32) (canon lift (core func $m "next"))))
  (instance $a (instantiate $Counter))
  (instance $b (instantiate $Counter))
  (func (export "a") (alias export $a "next"))
  (func (export "b") (alias export $b "next")))
(assert_return (invoke "a") (u32.const 11))
(assert_return (invoke "a") (u32.const 12))
(assert_return (invoke "b") (u32.const 11))

;; A component that lies in another reaches its modules and types through outer aliases.
(component
  (core module $M (func (export "f") (result i32) (i32.const 3)))
  (type $Pair (tuple u8 u8))
  (component $C
    (alias outer 1 $M (core module $M))
    (core instance $m (instantiate $M))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))
  (instance $c (instantiate $C))
  (func (export "f") (alias export $c "f")))
(assert_return (invoke "f") (u32.const 3))

;; Functions of a synchronous type may use built-ins of the asynchronous model that do not block.
(component
  (core func $yield (canon thread.yield))
  (core func $inc (canon backpressure.inc))
  (core func $get (canon context.get i32 0))
  (core module $M
    (import "" "yield" (func $yield (result i32))) (import "" "inc" (func $inc)) (import "" "get" (func (result i32)))
    (func (export "f") (result i32) (i32.const 1))
    (func (export "g") (result i32) (call $yield)))
  (core instance $m (instantiate $M (with "" (instance
    (export "yield" (func $yield)) (export "inc" (func $inc)) (export "get" (func $get))))))
  (func (export "f") (result u32) (canon lift (core func $m "f")))
  (func (export "g") (result u32) (canon lift (core func $m "g"))))
(assert_return (invoke "f") (u32.const 1))
(assert_return (invoke "g") (u32.const 0))
