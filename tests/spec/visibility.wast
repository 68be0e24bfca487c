;; Which types an import may name: those that the outside has seen before, never what the component exports or defines itself.
;; Explainer.md "External Visibility of Types": imported types cannot refer to the external names of exported types.


;; An import takes over what an export named, of each kind of type.
(assert_invalid (component
  (type $R (resource (rep i32)))
  (export $r "r" (type $R))
  (import "s" (type (eq $r))))
  "type not valid to be used as import")
(assert_invalid (component
  (type $R (record (field "a" u8)))
  (export $r "r" (type $R))
  (import "s" (type (eq $r))))
  "type not valid to be used as import")
(assert_invalid (component
  (type $R u8)
  (export $r "r" (type $R))
  (import "s" (type (eq $r))))
  "type not valid to be used as import")
(assert_invalid (component
  (type $R (tuple u8))
  (export $r "r" (type $R))
  (import "s" (type (eq $r))))
  "type not valid to be used as import")
(assert_invalid (component
  (type $R (func (param "x" u8)))
  (export $r "r" (type $R))
  (import "s" (type (eq $r))))
  "type not valid to be used as import")
(assert_invalid (component
  (type $R (instance (export "a" (func))))
  (export $r "r" (type $R))
  (import "s" (type (eq $r))))
  "type not valid to be used as import")
(assert_invalid (component
  (type $R (component (export "a" (func))))
  (export $r "r" (type $R))
  (import "s" (type (eq $r))))
  "type not valid to be used as import")

;; What the export was made of has no name, and may be taken over, unless it is a resource of the component's own. (wasm-tools tells
;; the two apart only where they are values or resources; Explainer.md: the typeidx that is exported does not get retroactively named.)
(component definition
  (type $R (record (field "a" u8)))
  (export $r "r" (type $R))
  (import "s" (type (eq $R))))
(component definition
  (type $R u8)
  (export $r "r" (type $R))
  (import "s" (type (eq $R))))
(component definition
  (type $R (func (param "x" u8)))
  (export $r "r" (type $R))
  (import "s" (type (eq $R))))
(component definition
  (type $R (instance (export "a" (func))))
  (export $r "r" (type $R))
  (import "s" (type (eq $R))))
(assert_invalid (component
  (type $R (resource (rep i32)))
  (import "s" (type (eq $R))))
  "local resource type found in imports")
(assert_invalid (component
  (type $R (resource (rep i32)))
  (export $r "r" (type $R))
  (import "s" (type (eq $R))))
  "local resource type found in imports")

;; The same through functions and inside instances, however deep.
(assert_invalid (component
  (type $R (resource (rep i32)))
  (export $r "r" (type $R))
  (import "f" (func (param "x" (own $r)))))
  "func not valid to be used as import")
(assert_invalid (component
  (type $R (resource (rep i32)))
  (export $r "r" (type $R))
  (type $f (func (param "x" (own $r))))
  (import "f" (func (type $f))))
  "func not valid to be used as import")
(assert_invalid (component
  (type $R (enum "a"))
  (export $r "r" (type $R))
  (import "f" (func (param "x" (list $r)))))
  "func not valid to be used as import")
(component definition
  (type $R (list u8))
  (export $r "r" (type $R))
  (import "f" (func (param "x" $r))))
(assert_invalid (component
  (type $R (enum "a"))
  (export $r "r" (type $R))
  (import "i" (instance (alias outer 1 $r (type $t)) (export "t" (type (eq $t))))))
  "instance not valid to be used as import")
(component definition
  (type $R (enum "a"))
  (export $r "r" (type $R))
  (import "i" (instance (alias outer 1 $R (type $t)) (export "t" (type (eq $t))))))
(assert_invalid (component
  (type $R (enum "a"))
  (export $r "r" (type $R))
  (import "i" (instance (alias outer 1 $r (type $t))
    (export "i" (instance (alias outer 1 $t (type $t)) (export "t" (type (eq $t))))))))
  "instance not valid to be used as import")
(assert_invalid (component
  (type $R (resource (rep i32)))
  (import "i" (instance (alias outer 1 $R (type $t)) (export "t" (type (eq $t))))))
  "local resource type found in imports")
(assert_invalid (component
  (type $R (resource (rep i32)))
  (import "c" (component (alias outer 1 $R (type $t)) (export "t" (type (eq $t))))))
  "local resource type found in imports")
(assert_invalid (component
  (type $R (resource (rep i32)))
  (type $I (instance (alias outer 1 $R (type $t)) (export "t" (type (eq $t)))))
  (import "t" (type (eq $I))))
  "local resource type found in imports")

;; What an instance exports counts as exported once the instance is, and as defined here if it is an instance of our making.
(assert_invalid (component
  (component $C (type $R (enum "a")) (export "r" (type $R)))
  (instance $i (instantiate $C))
  (export $j "i" (instance $i))
  (alias export $j "r" (type $r))
  (import "s" (type (eq $r))))
  "type not valid to be used as import")
(assert_invalid (component
  (component $C (type $R (enum "a")) (export "r" (type $R)))
  (instance $i (instantiate $C))
  (export $j "i" (instance $i))
  (alias export $i "r" (type $r))
  (import "s" (type (eq $r))))
  "type not valid to be used as import")
(assert_invalid (component
  (component $C (type $R (func (param "x" u8))) (export "r" (type $R)))
  (instance $i (instantiate $C))
  (export $j "i" (instance $i))
  (alias export $j "r" (type $r))
  (import "s" (type (eq $r))))
  "type not valid to be used as import")
(component definition
  (component $C (type $R (enum "a")) (export "r" (type $R)))
  (instance $i (instantiate $C))
  (alias export $i "r" (type $r))
  (import "s" (type (eq $r))))
(assert_invalid (component
  (component $C (type $R (resource (rep i32))) (export "r" (type $R)))
  (instance $i (instantiate $C))
  (alias export $i "r" (type $r))
  (import "s" (type (eq $r))))
  "local resource type found in imports")

;; What was imported stays importable by its imported name, and not by the one it is exported under.
(component definition
  (import "a" (type $a (sub resource)))
  (export $b "b" (type $a))
  (import "c" (type (eq $a)))
  (import "f" (func (param "x" (own $a)))))
(assert_invalid (component
  (import "a" (type $a (sub resource)))
  (export $b "b" (type $a))
  (import "c" (type (eq $b))))
  "type not valid to be used as import")
(component definition
  (import "i" (instance $i (type $x (enum "a")) (export "t" (type (eq $x)))))
  (export $e "e" (instance $i))
  (alias export $e "t" (type $t))
  (import "x" (type (eq $t))))

;; Component types, wherever they are declared, follow the same rules.
(assert_invalid (component
  (type (component (export "r" (type $r (sub resource))) (import "s" (type (eq $r))))))
  "type not valid to be used as import")
(assert_invalid (component
  (type (instance (type (component (export "r" (type $r (sub resource))) (import "s" (type (eq $r))))))))
  "type not valid to be used as import")
(assert_invalid (component
  (type (component (export "r" (type $r (sub resource))) (import "f" (func (param "x" (own $r)))))))
  "func not valid to be used as import")
(assert_invalid (component
  (type (component (type $t u8) (export "r" (type $r (eq $t))) (import "s" (type (eq $r))))))
  "type not valid to be used as import")
(component definition
  (type (component (type $t u8) (export "r" (type $r (eq $t))) (import "s" (type (eq $t))))))
(assert_invalid (component
  (type (component
    (export "i" (instance $i (export "r" (type (sub resource)))))
    (alias export $i "r" (type $r))
    (import "j" (instance (alias outer 1 $r (type $t)) (export "t" (type (eq $t))))))))
  "instance not valid to be used as import")
(component definition
  (type (instance (export "r" (type $r (sub resource))) (export "s" (type (eq $r))))))

;; A type that is exported mentions no resource of the component's own that is not exported.
(assert_invalid (component
  (type $R (resource (rep i32)))
  (type $I (instance (alias outer 1 $R (type $t)) (export "t" (type (eq $t)))))
  (export "x" (type $I)))
  "local resource type found in export but not exported itself")
(assert_invalid (component
  (type $R (resource (rep i32)))
  (type $C (component (alias outer 1 $R (type $t)) (export "t" (type (eq $t)))))
  (export "x" (type $C)))
  "local resource type found in export but not exported itself")
(component definition
  (type $R (resource (rep i32)))
  (export "r" (type $R))
  (type $I (instance (alias outer 1 $R (type $t)) (export "t" (type (eq $t)))))
  (export "x" (type $I)))
