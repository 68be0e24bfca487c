// The core WAT of a component that echoes every value type: each export passes its arguments to the
// import of the same name.
// Written once as a table of flat types; what it makes is fixture source, committed beside the
// binary.

/** Functions of the interface `test:values/types`: WIT type and core value types. */
const types: readonly (readonly [name: string, wit: string, flat: string])[] = [
  ["a-bool", "bool", "i32"],
  ["a-u8", "u8", "i32"],
  ["a-s8", "s8", "i32"],
  ["a-u16", "u16", "i32"],
  ["a-s16", "s16", "i32"],
  ["a-u32", "u32", "i32"],
  ["a-s32", "s32", "i32"],
  ["a-u64", "u64", "i64"],
  ["a-s64", "s64", "i64"],
  ["a-f32", "f32", "f32"],
  ["a-f64", "f64", "f64"],
  ["a-char", "char", "i32"],
  ["a-string", "string", "i32 i32"],
  ["list-bool", "list<bool>", "i32 i32"],
  ["list-u8", "list<u8>", "i32 i32"],
  ["list-s8", "list<s8>", "i32 i32"],
  ["list-u16", "list<u16>", "i32 i32"],
  ["list-s16", "list<s16>", "i32 i32"],
  ["list-u32", "list<u32>", "i32 i32"],
  ["list-s32", "list<s32>", "i32 i32"],
  ["list-u64", "list<u64>", "i32 i32"],
  ["list-s64", "list<s64>", "i32 i32"],
  ["list-f32", "list<f32>", "i32 i32"],
  ["list-f64", "list<f64>", "i32 i32"],
  ["list-char", "list<char>", "i32 i32"],
  ["list-string", "list<string>", "i32 i32"],
  ["list-list", "list<list<u16>>", "i32 i32"],
  ["list-entry", "list<entry>", "i32 i32"],
  ["a-entry", "entry", "i32 i32 i32 i32 i32 i64"],
  ["a-tuple", "tuple<u8, string, f64>", "i32 i32 i32 f64"],
  ["a-shape", "shape", "i32 i64 i32"],
  ["a-mixed", "mixed", "i32 i64 i32"],
  ["a-floats", "floats", "i32 i32"],
  ["a-color", "color", "i32"],
  ["a-perms", "perms", "i32"],
  ["twelve-flags", "some-flags", "i32"],
  ["thirty-two-flags", "many-flags", "i32"],
  ["maybe-string", "option<string>", "i32 i32 i32"],
  ["maybe-maybe", "option<option<u32>>", "i32 i32 i32"],
  ["maybe-list", "list<option<u64>>", "i32 i32"],
  ["a-result", "result<u32, string>", "i32 i32 i32"],
  ["unit-result", "result", "i32"],
  ["err-result", "result<_, color>", "i32 i32"],
  ["nested-result", "list<result<string, color>>", "i32 i32"],
];

const kebab = (i: number) => `f${i}`;
const manyParams = Array.from({ length: 20 }, (_, i) => `p${i}: ${["u8", "u64", "string", "f32"][i % 4]}`);

/** The world's WIT. */
export function echoWit(): string {
  return `package test:values;

interface types {
  record entry { id: u8, name: string, tags: list<string>, size: s64 }
  variant shape { circle(f64), named(string), empty }
  variant mixed { a(u8), b(f32), c(u64), d(string), e(f64) }
  variant floats { int(s32), real(f32) }
  enum color { red, dark-green, blue }
  flags perms { read, can-write, exec }
  flags some-flags { ${Array.from({ length: 12 }, (_, i) => kebab(i)).join(", ")} }
  flags many-flags { ${Array.from({ length: 32 }, (_, i) => kebab(i)).join(", ")} }

${types.map(([name, wit]) => `  ${name}: func(x: ${wit}) -> ${wit};`).join("\n")}
  /// More than 16 core values: parameters travel through memory.
  many-params: func(${manyParams.join(", ")}) -> tuple<u64, string>;
  no-result: func(x: u32);
}

world values {
  import types;
  export types;
}
`;
}

/** The world's core module. */
export function echoWat(): string {
  const iface = "test:values/types";
  const funcs = types.map(([name, , flat]) => {
    const core = flat.split(" ");
    const direct = core.length === 1;
    const params = core.map((_, i) => `(local.get ${i})`).join(" ");
    return direct
      ? `  (import "${iface}" "${name}" (func $${name} (param ${flat}) (result ${flat})))
@ (func (export "${iface}#${name}") (param ${flat}) (result ${flat}) (call $${name} ${params}))`
      : `  (import "${iface}" "${name}" (func $${name} (param ${flat} i32)))
@ (func (export "${iface}#${name}") (param ${flat}) (result i32) (call $${name} ${params} (i32.const 256)) (i32.const 256))
@ (func (export "cabi_post_${iface}#${name}") (param i32) (call $reset))`;
  }).join("\n").split("\n");
  return `;; Made by tools/echo_core.ts. Memory: 256 return area, 1024 heap.
(module
${funcs.filter((line) => !line.startsWith("@")).join("\n")}
  (import "${iface}" "many-params" (func $many-params (param i32 i32)))
  (import "${iface}" "no-result" (func $no-result (param i32)))
  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const 1024))
  (func $reset (global.set $heap (i32.const 1024)))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $ptr i32)
    (local.set $ptr (i32.and
      (i32.add (global.get $heap) (i32.sub (local.get 2) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get 2))))
    (global.set $heap (i32.add (local.get $ptr) (local.get 3)))
    (block $enough
      (br_if $enough (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
      (br_if $enough (i32.ne (i32.const -1) (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get 3) (i32.const 16))))))
      unreachable)
    (local.get $ptr))
${funcs.filter((line) => line.startsWith("@")).map((line) => line.slice(1)).map((line) => ` ${line}`).join("\n")}
  (func (export "${iface}#many-params") (param i32) (result i32) (call $many-params (local.get 0) (i32.const 256)) (i32.const 256))
  (func (export "cabi_post_${iface}#many-params") (param i32) (call $reset))
  (func (export "${iface}#no-result") (param i32) (call $no-result (local.get 0)))
)
`;
}
