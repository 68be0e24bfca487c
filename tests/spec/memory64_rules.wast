;;! memory64 = true
;;! error_context = true
;; What validation demands of canonical definitions with 64-bit memories and tables, a rule each: the address type
;; of the memory is that of every pointer, and no other fits. What is beside the rule is valid.

(component
  (core module $M (memory (export "m") i64 1) (memory (export "m32") 1)
    (func (export "r") (param i64 i64 i64 i64) (result i64) unreachable)
    (func (export "r32") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "f") (param i64 i64) (result i64) unreachable)
    (func (export "p") (param i64)))
  (core instance $m (instantiate $M))
  (func (param "x" string) (result string) (canon lift (core func $m "f") (memory (core memory $m "m"))
    (realloc (core func $m "r")) (post-return (core func $m "p")))))

;; realloc
(assert_invalid (component
  (core module $M (memory (export "m") i64 1)
    (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable) (func (export "f") (param i64 i64)))
  (core instance $m (instantiate $M))
  (func (param "x" string)
    (canon lift (core func $m "f") (memory (core memory $m "m")) (realloc (core func $m "r")))))
  "option `realloc` uses a core function with an incorrect signature")
(assert_invalid (component
  (core module $M (memory (export "m") 1)
    (func (export "r") (param i64 i64 i64 i64) (result i64) unreachable) (func (export "f") (param i32 i32)))
  (core instance $m (instantiate $M))
  (func (param "x" string)
    (canon lift (core func $m "f") (memory (core memory $m "m")) (realloc (core func $m "r")))))
  "option `realloc` uses a core function with an incorrect signature")
;; Alignment and size have 64 bits, too.
(assert_invalid (component
  (core module $M (memory (export "m") i64 1)
    (func (export "r") (param i64 i64 i32 i64) (result i64) unreachable) (func (export "f") (param i64 i64)))
  (core instance $m (instantiate $M))
  (func (param "x" string)
    (canon lift (core func $m "f") (memory (core memory $m "m")) (realloc (core func $m "r")))))
  "option `realloc` uses a core function with an incorrect signature")

;; the lifted function, its result's pointer, and post-return
(assert_invalid (component
  (core module $M (memory (export "m") i64 1)
    (func (export "r") (param i64 i64 i64 i64) (result i64) unreachable) (func (export "f") (param i32 i32)))
  (core instance $m (instantiate $M))
  (func (param "x" string)
    (canon lift (core func $m "f") (memory (core memory $m "m")) (realloc (core func $m "r")))))
  "lowered parameter types `[I64, I64]` do not match parameter types `[I32, I32]`")
(assert_invalid (component
  (core module $M (memory (export "m") i64 1) (func (export "f") (result i32) unreachable))
  (core instance $m (instantiate $M))
  (func (result string) (canon lift (core func $m "f") (memory (core memory $m "m")))))
  "lowered result types `[I64]` do not match result types `[I32]`")
(assert_invalid (component
  (core module $M (memory (export "m") i64 1) (func (export "f") (result i64) unreachable)
    (func (export "p") (param i32)))
  (core instance $m (instantiate $M))
  (func (result string)
    (canon lift (core func $m "f") (memory (core memory $m "m")) (post-return (core func $m "p")))))
  "option `post-return` uses a core function with an incorrect signature")

;; what canon lower makes: pointer, length and the pointer of the result
(assert_invalid (component
  (import "f" (func $f (param "x" string) (result string)))
  (core module $M (memory (export "m") i64 1)
    (func (export "r") (param i64 i64 i64 i64) (result i64) unreachable))
  (core instance $m (instantiate $M))
  (core func $f' (canon lower (func $f) (memory (core memory $m "m")) (realloc (core func $m "r"))))
  (core module $N (import "" "f" (func (param i64 i64 i32))))
  (core instance (instantiate $N (with "" (instance (export "f" (func $f')))))))
  "found type `(func (param i64 i64 i64))`")

;; a shared memory
(assert_invalid (component
  (core module $M (memory (export "m") i64 1 2 shared) (func (export "f") (result i64) unreachable))
  (core instance $m (instantiate $M))
  (func (result string) (canon lift (core func $m "f") (memory (core memory $m "m")))))
  "mismatch in the memory")

;; A payload lies where the address type says, so that joined core values differ: (result string u32).
(component
  (core module $M (memory (export "m") i64 1)
    (func (export "r") (param i64 i64 i64 i64) (result i64) unreachable)
    (func (export "f") (param i32 i64 i64)))
  (core instance $m (instantiate $M))
  (func (param "x" (result string (error u32)))
    (canon lift (core func $m "f") (memory (core memory $m "m")) (realloc (core func $m "r")))))

;; A type's size with 64-bit pointers is bounded, whatever the memory.
(assert_invalid (component (type (list string 0x1000000)))
  "type is too large: its size exceeds maximum byte size")

;; built-ins
(assert_invalid (component
  (core module $M (memory (export "m") i64 1)) (core instance $m (instantiate $M))
  (core func $wait (canon waitable-set.wait (memory (core memory $m "m"))))
  (core module $N (import "" "wait" (func (param i32 i32) (result i32))))
  (core instance (instantiate $N (with "" (instance (export "wait" (func $wait)))))))
  "found type `(func (param i32 i64) (result i32))`")
(assert_invalid (component
  (core module $M (memory (export "m") i64 1)) (core instance $m (instantiate $M))
  (type $s (stream u8))
  (core func $read (canon stream.read $s async (memory (core memory $m "m"))))
  (core module $N (import "" "read" (func (param i32 i64 i64) (result i32))))
  (core instance (instantiate $N (with "" (instance (export "read" (func $read)))))))
  "found type `(func (param i32 i64 i64) (result i64))`")
(assert_invalid (component
  (core module $M (memory (export "m") i64 1)) (core instance $m (instantiate $M))
  (type $f (future u8))
  (core func $write (canon future.write $f async (memory (core memory $m "m"))))
  (core module $N (import "" "write" (func (param i32 i64) (result i64))))
  (core instance (instantiate $N (with "" (instance (export "write" (func $write)))))))
  "found type `(func (param i32 i64) (result i32))`")
(assert_invalid (component
  (core module $M (memory (export "m") i64 1)) (core instance $m (instantiate $M))
  (core func $return (canon task.return (result string) (memory (core memory $m "m"))))
  (core module $N (import "" "return" (func (param i32 i32))))
  (core instance (instantiate $N (with "" (instance (export "return" (func $return)))))))
  "found type `(func (param i64 i64))`")

(assert_invalid (component
  (core module $M (memory (export "m") i64 1)) (core instance $m (instantiate $M))
  (core func $new (canon error-context.new (memory (core memory $m "m"))))
  (core module $N (import "" "new" (func (param i32 i32) (result i32))))
  (core instance (instantiate $N (with "" (instance (export "new" (func $new)))))))
  "found type `(func (param i64 i64) (result i32))`")

;; representations
(assert_invalid (component
  (core module $M (func (export "d") (param i32))) (core instance $m (instantiate $M))
  (type (resource (rep i64) (dtor (core func $m "d")))))
  "core function has the wrong signature for a destructor")
(assert_invalid (component
  (core module $M (func (export "d") (param i64))) (core instance $m (instantiate $M))
  (type (resource (rep i32) (dtor (core func $m "d")))))
  "core function has the wrong signature for a destructor")
(assert_invalid (component (type (resource (rep f64)))) "resources can only be represented by `i32` or `i64`")
(assert_invalid (component
  (type $r (resource (rep i64))) (core func $rep (canon resource.rep $r))
  (core module $N (import "" "rep" (func (param i32) (result i32))))
  (core instance (instantiate $N (with "" (instance (export "rep" (func $rep)))))))
  "found type `(func (param i32) (result i64))`")

;; context slots: of one type in a component
(component (core func (canon context.get i64 0)) (component (core func (canon context.set i32 1))))
(assert_invalid (component (core func (canon context.get i64 0)) (core func (canon context.set i32 1)))
  "type must match previous context type: expected i64, found i32")
(assert_invalid (component (core func (canon context.get i64 2))) "immediate must be zero or one: 2")
(assert_invalid (component (core func (canon context.set f64 0))) "context.set needs an i32 or an i64, found f64")

;; tables and start functions
(component
  (core type $start (func (param i32)))
  (core module $M (table (export "t") i64 1 funcref)) (core instance $m (instantiate $M))
  (core func $new (canon thread.new-indirect $start (core table $m "t")))
  (core module $N (import "" "new" (func (param i64 i32) (result i32))))
  (core instance (instantiate $N (with "" (instance (export "new" (func $new)))))))
(assert_invalid (component
  (core type $start (func (param i64)))
  (core module $M (table (export "t") 1 funcref)) (core instance $m (instantiate $M))
  (core func $new (canon thread.new-indirect $start (core table $m "t")))
  (core module $N (import "" "new" (func (param i64 i64) (result i32))))
  (core instance (instantiate $N (with "" (instance (export "new" (func $new)))))))
  "found type `(func (param i32 i64) (result i32))`")
(assert_invalid (component
  (core type $start (func (param i64 i64)))
  (core module $M (table (export "t") i64 1 funcref)) (core instance $m (instantiate $M))
  (core func (canon thread.new-indirect $start (core table $m "t"))))
  "start function must take a single `i32` argument, or an `i64`, and return nothing")
(assert_invalid (component
  (core type $start (func (param i32)))
  (core module $M (table (export "t") i64 1 externref)) (core instance $m (instantiate $M))
  (core func (canon thread.new-indirect $start (core table $m "t"))))
  "the table of start functions must be one of funcrefs")
;; A table with 64-bit indices is no table with 32-bit ones, and a memory likewise.
(assert_invalid (component
  (core module $M (table (export "t") i64 1 funcref)) (core instance $m (instantiate $M))
  (core module $N (import "" "t" (table 1 funcref)))
  (core instance (instantiate $N (with "" (instance $m)))))
  "mismatch in table limits: expected type `(table 1 funcref)`, found type `(table i64 1 funcref)`")
(assert_invalid (component
  (core module $M (memory (export "m") 1)) (core instance $m (instantiate $M))
  (core module $N (import "" "m" (memory i64 1)))
  (core instance (instantiate $N (with "" (instance $m)))))
  "mismatch in memory limits: expected type `(memory i64 1)`, found type `(memory 1)`")
