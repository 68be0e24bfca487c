// How generated code spells types that consist of labels: enums and flags.
// Types enter, expressions leave, and functions are added to the program. Labels get into code as
// JSON string literals only.
// Spec: definitions.py `load_flags`, `store_flags`. codecs/flags.ts and codecs/variants.ts say what
// must happen, and in which order.

import { flagBits } from "../codecs/flags.ts";
import { labelsOf } from "../codecs/variants.ts";
import type { Program } from "./program.ts";
import { member, quote } from "./shapes.ts";
import type { OfKind } from "../types/types.ts";

/** Up to this many cases, a `switch` is faster than a map. */
export const MAX_SWITCH = 24;

/**
 * An expression for the name of an enum's case. Up to {@linkcode MAX_SWITCH} names, it uses
 * literals. Engines keep one string object per literal, so that `case "name"` compares two
 * pointers.
 */
export function enumNames(type: OfKind<"enum">, program: Program): string {
  if (type.names.length > MAX_SWITCH) return program.constant(labelsOf(type));
  return program.once("names", type, (name) => {
    const text = `const ${name} = [${type.names.map(quote).join(", ")}];`;
    program.count(text.length);
    return { text, usesFrame: false };
  }).name;
}

/** An expression for the flags object of the bits in a variable. */
export function liftFlags(type: OfKind<"flags">, word: string, program: Program): string {
  const { keys } = flagBits(type, program.codecs.memberNames);
  for (const key of keys) program.count(key.length + 20);
  return `{ ${keys.map((key, i) => member(key, `(${word} & ${1 << i}) !== 0`)).join(", ")} }`;
}

/**
 * Adds the function that converts a flags object to bits. It reads the object's own members in
 * their order, as the codec does, and the codec rejects values that are not objects. V8 caches the
 * names of a plain object and knows in this loop that they are its own. `Object.keys` would take as
 * long as all the rest.
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
