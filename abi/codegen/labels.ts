// How generated code spells types that are nothing but labels: the names of an enum, the members of flags.
// Types in, expressions out, and the functions of a program that they call. Labels enter as JSON string literals only.
// Spec: definitions.py `load_flags`, `store_flags`; the codecs (flags_codec.ts, variants.ts) say what must happen, and in what order.

import { flagBits } from "../codecs/flags.ts";
import type { Program } from "./program.ts";
import { member, quote } from "./shapes.ts";
import type { OfKind } from "../types/types.ts";

/** Cases up to which a `switch` is faster than a map. */
export const MAX_SWITCH = 24;

/**
 * The names of an enum, as an expression. Up to {@linkcode MAX_SWITCH} as literals, which engines keep one string of: comparing such with
 * `case "name"` is comparing two pointers.
 */
export function enumNames(type: OfKind<"enum">, program: Program): string {
  if (type.names.length > MAX_SWITCH) return program.constant(type.names);
  return program.once("names", type, (name) => {
    const text = `const ${name} = [${type.names.map(quote).join(", ")}];`;
    program.count(text.length);
    return { text, usesFrame: false };
  }).name;
}

/** The object of the flags that are set in a variable, as an expression. */
export function liftFlags(type: OfKind<"flags">, word: string, program: Program): string {
  const { keys } = flagBits(type, program.codecs.memberNames);
  for (const key of keys) program.count(key.length + 20);
  return `{ ${keys.map((key, i) => member(key, `(${word} & ${1 << i}) !== 0`)).join(", ")} }`;
}

/**
 * The function that gives the bits of an object of flags. It looks at the object's own members in their order, as the codec does, which is
 * asked about what is no object of flags. V8 has the names of a plain object at hand, and knows by the loop that they are its own: a list of
 * them would take as long as the rest.
 */
export function lowerFlags(type: OfKind<"flags">, program: Program): string {
  return program.once("flags", type, (name) => {
    const cases = [...flagBits(type, program.codecs.memberNames).bits].map(([label, bit]) => {
      program.count(2 * label.length);
      return `case ${quote(label)}: flag = value[${quote(label)}]; bit = ${1 << bit}; break;`;
    });
    const constant = program.constant(type);
    const text = `function ${name}(value) {
  if (typeof value !== "object" || value === null) {
    return ${program.constant(program.codecOf(type).lowerCore)}(cx, value);
  }
  let word = 0, seen = false, flag, bit;
  for (const key in value) {
    if (!hasOwn.call(value, key)) continue;
    switch (key) {
      ${cases.join("\n      ")}
      default: unknownFlag(${constant}, value, key);
    }
    if (flag === true) word |= bit;
    else if (flag !== false) refuseFlag(${constant}, value, key, flag);
    seen = true;
  }
  if (!seen) refuseOther(${constant}, value);
  return word;
}`;
    return { text, usesFrame: false };
  }).name;
}
