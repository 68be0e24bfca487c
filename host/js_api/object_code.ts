// Conversions of records and flags as generated JavaScript, where the engine permits it: with their
// members' names as literals, engines find the members without looking for them.
// Names and the conversions of parts enter, a function leaves that does what the closures in
// `to_component.ts` and `to_js.ts` do.

import { ownFunction } from "../../abi/codegen/function_pool.ts";
import { member, quote } from "../../abi/codegen/shapes.ts";
import type { ToComponent, ToJs } from "./crossing.ts";
import { hasOwn, setPrototypeOf } from "./intrinsics.ts";

/** Objects of more members are left to closures: generated text has a bound. */
export const MAX_MEMBERS = 64;

/** What the text of a conversion is made from. */
interface Members {
  /** The names in the draft's objects. */
  readonly keys: readonly string[];
  /** The names in the library's own. */
  readonly members: readonly string[];
}

/** An expression for the value of an own property of `value`; `undefined` if there is none. */
const ownValue = (key: string): string => `hasOwn(value, ${quote(key)}) ? value[${quote(key)}] : undefined`;

/**
 * Makes `ToComponentValueRecord` of an Object.
 *
 * @param missing Throws the error for a field that must not be missing. `undefined` if it may be.
 * @param failed Gives the error of a field with its place.
 */
export function recordCode(
  { keys, members }: Members,
  fields: readonly ToComponent[],
  missing: readonly ((() => never) | undefined)[],
  failed: (error: unknown, k: number) => unknown,
): ToComponent {
  const each = keys.map((key, k) =>
    `      const p${k} = ${ownValue(key)};\n` +
    (missing[k] === undefined ? "" : `      if (p${k} === undefined) missing[${k}]();\n`) +
    `      const v${k} = f${k}(p${k}, crossing); k = ${k + 1};`
  );
  const body = `${keys.map((_, k) => `const f${k} = fields[${k}];`).join(" ")}
return (value, crossing) => {
  let k = 0;
  try {
${each.join("\n")}
      return { ${members.map((name, k) => member(name, `v${k}`)).join(", ")} };
  } catch (error) {
    throw failed(error, k);
  }
};`;
  return ownFunction(["hasOwn", "fields", "missing", "failed"], body)(hasOwn, fields, missing, failed) as ToComponent;
}

/** Makes `ToComponentValueFlags` of an Object. */
export function flagsCode({ keys, members }: Members): (value: object) => object {
  const each = keys.map((key, k) => member(members[k]!, `!!(${ownValue(key)})`));
  return ownFunction(["hasOwn"], `return (value) => ({ ${each.join(", ")} });`)(hasOwn) as (value: object) => object;
}

/** Makes `ToJSValueRecord` or `ToJSValueFlags`. */
export function bareCode({ keys, members }: Members, fields: readonly (ToJs | undefined)[]): ToJs {
  const each = keys.map((key, k) => {
    const part = `value[${quote(members[k]!)}]`;
    return `  object[${quote(key)}] = ${fields[k] === undefined ? part : `f${k}(${part}, crossing)`};`;
  });
  const body = `${keys.map((_, k) => fields[k] === undefined ? "" : `const f${k} = fields[${k}];`).join(" ")}
return (value, crossing) => {
  const object = bare({}, null);
${each.join("\n")}
  return object;
};`;
  return ownFunction(["bare", "fields"], body)(setPrototypeOf, fields) as ToJs;
}
