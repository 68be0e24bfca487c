;;! memory64 = true
;; Resources whose representations have 64 bits: no bit of one is lost on its way. A borrow that goes to the
;; guest that defines the resource is an i32; a representation that does not fit there traps.

(component definition $Nested
  (component $Maker
    (core module $D
      (global $last (mut i64) (i64.const 0))
      (func (export "drop") (param i64) (global.set $last (local.get 0)))
      (func (export "last") (result i64) (global.get $last)))
    (core instance $d (instantiate $D))
    (type $r (resource (rep i64) (dtor (core func $d "drop"))))
    (core func $new (canon resource.new $r))
    (core func $rep (canon resource.rep $r))
    (core module $M
      (import "" "new" (func $new (param i64) (result i32)))
      (import "" "rep" (func $rep (param i32) (result i64)))
      (func (export "make") (param i64) (result i32) (call $new (local.get 0)))
      (func (export "own") (param i32) (result i64) (call $rep (local.get 0)))
      (func (export "borrow") (param i32) (result i64) (i64.extend_i32_u (local.get 0))))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "rep" (func $rep))))))
    (export $r' "r" (type $r))
    (func (export "make") (param "rep" u64) (result (own $r')) (canon lift (core func $m "make")))
    (func (export "rep-of-own") (param "r" (own $r')) (result u64) (canon lift (core func $m "own")))
    (func (export "rep-of-borrow") (param "r" (borrow $r')) (result u64) (canon lift (core func $m "borrow")))
    (func (export "last-dropped") (result u64) (canon lift (core func $d "last"))))
  (instance $maker (instantiate $Maker))
  (component $User
    (import "maker" (instance $maker
      (export "r" (type $r (sub resource)))
      (export "make" (func (param "rep" u64) (result (own $r))))
      (export "rep-of-own" (func (param "r" (own $r)) (result u64)))
      (export "rep-of-borrow" (func (param "r" (borrow $r)) (result u64)))
      (export "last-dropped" (func (result u64)))))
    (alias export $maker "r" (type $r))
    (core func $drop (canon resource.drop $r))
    (core func $make (canon lower (func $maker "make")))
    (core func $own (canon lower (func $maker "rep-of-own")))
    (core func $borrow (canon lower (func $maker "rep-of-borrow")))
    (core func $last (canon lower (func $maker "last-dropped")))
    (core module $M
      (import "" "drop" (func $drop (param i32)))
      (import "" "make" (func $make (param i64) (result i32)))
      (import "" "own" (func $own (param i32) (result i64)))
      (import "" "borrow" (func $borrow (param i32) (result i64)))
      (import "" "last" (func $last (result i64)))
      (func (export "own") (param i64) (result i64) (call $own (call $make (local.get 0))))
      (func (export "borrow") (param i64) (result i64) (call $borrow (call $make (local.get 0))))
      (func (export "dropped") (param i64) (result i64)
        (call $drop (call $make (local.get 0)))
        (call $last)))
    (core instance $m (instantiate $M (with "" (instance
      (export "drop" (func $drop)) (export "make" (func $make)) (export "own" (func $own))
      (export "borrow" (func $borrow)) (export "last" (func $last))))))
    (func (export "own") (param "rep" u64) (result u64) (canon lift (core func $m "own")))
    (func (export "borrow") (param "rep" u64) (result u64) (canon lift (core func $m "borrow")))
    (func (export "dropped") (param "rep" u64) (result u64) (canon lift (core func $m "dropped"))))
  (instance $user (instantiate $User (with "maker" (instance $maker))))
  (export "own" (func $user "own"))
  (export "borrow" (func $user "borrow"))
  (export "dropped" (func $user "dropped")))

(component instance $i $Nested)
(assert_return (invoke "own" (u64.const 0xfedcba9876543210)) (u64.const 0xfedcba9876543210))
(assert_return (invoke "own" (u64.const 0)) (u64.const 0))
(assert_return (invoke "dropped" (u64.const 0x8000000000000001)) (u64.const 0x8000000000000001))
(assert_return (invoke "borrow" (u64.const 0xfffffffe)) (u64.const 0xfffffffe))
(assert_trap (invoke "borrow" (u64.const 0x100000000)) "does not fit in an i32")
