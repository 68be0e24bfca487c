;;! memory64 = true
;;! error_context = true
;; Error contexts in memories whose addresses have 64 bits: the message is taken from one, and stored with a
;; pointer and a length of 64 bits into the other. Pointers of which only the lower half is good trap.

(component definition $Errors
  (component $Maker
    (core module $Mem (memory (export "mem") i64 1) (data (i64.const 64) "too bad"))
    (core instance $mem (instantiate $Mem))
    (core func $error.new (canon error-context.new (memory (core memory $mem "mem"))))
    (core module $M
      (import "" "error.new" (func $error.new (param i64 i64) (result i32)))
      (func (export "make") (param i64 i64) (result i32) (call $error.new (local.get 0) (local.get 1))))
    (core instance $m (instantiate $M (with "" (instance (export "error.new" (func $error.new))))))
    (func (export "make") (param "ptr" u64) (param "length" u64) (result error-context)
      (canon lift (core func $m "make"))))
  (component $User
    (import "make" (func $make (param "ptr" u64) (param "length" u64) (result error-context)))
    (core module $Mem (memory (export "mem") i64 1)
      (func (export "realloc") (param i64 i64 i64 i64) (result i64) (i64.const 1024)))
    (core instance $mem (instantiate $Mem))
    (core func $make' (canon lower (func $make)))
    (core func $message (canon error-context.debug-message
      (memory (core memory $mem "mem")) (realloc (core func $mem "realloc"))))
    (core func $drop (canon error-context.drop))
    (core module $M
      (import "mem" "mem" (memory i64 1))
      (import "" "make" (func $make (param i64 i64) (result i32)))
      (import "" "message" (func $message (param i32 i64)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "message") (param $at i64) (param $ptr i64) (param $length i64) (result i64) (local $error i32)
        (local.set $error (call $make (local.get $ptr) (local.get $length)))
        (call $message (local.get $error) (local.get $at))
        (call $drop (local.get $error))
        (local.get $at)))
    (core instance $m (instantiate $M (with "mem" (instance $mem)) (with "" (instance
      (export "make" (func $make')) (export "message" (func $message)) (export "drop" (func $drop))))))
    (func (export "message") (param "at" u64) (param "ptr" u64) (param "length" u64) (result string)
      (canon lift (core func $m "message") (memory (core memory $mem "mem")))))
  (instance $maker (instantiate $Maker))
  (instance $user (instantiate $User (with "make" (func $maker "make"))))
  (export "message" (func $user "message")))

(component instance $e $Errors)
(assert_return (invoke "message" (u64.const 8) (u64.const 64) (u64.const 7)) (str.const "too bad"))
(assert_return (invoke "message" (u64.const 65520) (u64.const 64) (u64.const 3)) (str.const "too"))
(assert_trap (invoke "message" (u64.const 65528) (u64.const 64) (u64.const 3)) "invalid debug message pointer: out of bounds of memory")
(component instance $e $Errors)
(assert_trap (invoke "message" (u64.const 12) (u64.const 64) (u64.const 3)) "unaligned pointer")
(component instance $e $Errors)
(assert_trap (invoke "message" (u64.const 0x100000008) (u64.const 64) (u64.const 3)) "invalid debug message pointer: out of bounds of memory")
(component instance $e $Errors)
(assert_trap (invoke "message" (u64.const 0x20000000000001) (u64.const 64) (u64.const 3)) "unaligned pointer")
(component instance $e $Errors)
(assert_trap (invoke "message" (u64.const 8) (u64.const 0x100000040) (u64.const 3)) "invalid debug message pointer: out of bounds of memory")
(component instance $e $Errors)
(assert_trap (invoke "message" (u64.const 8) (u64.const 64) (u64.const 0x100000003)) "invalid debug message pointer: out of bounds of memory")
