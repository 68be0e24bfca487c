// Lists of numbers as generated code: a typed array of the same numbers is stored at once, anything
// else by one loop that writes through one view.
// A region and a type enter; an expression leaves, which gives the list's address in memory.
// What is read, checked and stored, and in which order, is the codecs' (codecs/lists.ts).

import { numberRules, type NumericView } from "../types/scalar_rules.ts";
import type { OfKind } from "../types/types.ts";
import type { Region } from "./region.ts";
import { quote } from "./shapes.ts";

/** Stores a list whose elements the view has. Gives expressions for its address and its length. */
export function storeNumbers(
  region: Region,
  type: OfKind<"list">,
  view: NumericView,
  value: string,
): [begin: string, length: string] {
  const { program } = region, codec = program.codecOf(type.element);
  const fits = region.keep(`${program.constant(codec.fits)}(${value})`);
  const values = region.keep(`${fits} ? ${value} : toArray(${value}, ${program.constant(type)})`);
  const length = region.keep(`${values}.length`);
  const { name } = program.once("storeNumbers", type, (name) => {
    const { size } = codec.layout;
    // The address is aligned, so that both are exact. A shift takes 32 bits.
    const first = program.address === "i32" ? `ptr >>> ${Math.log2(size)}` : `ptr / ${size}`;
    // An array may define `length` anew, and the host's code may run when memory is allocated. `set`
    // uses the true length.
    const text = `function ${name}(values, length, fits) {
  const ptr = allocateList(cx, ${region.layout(type.element)}, values, length), first = ${first};
  if (fits && lengthOf(values) === length) {
    if (length > 0) m.${view}.set(values, first);
    return ptr;
  }
  let i = 0, view = m.${view};
  try {
    for (; i < length; i++) {
      let value = values[i];
      ${check(view, program.constant(codec.lowerCore))}
      if (view.length === 0) { m.sync(); view = m.${view}; }
      view[first + i] = value;
    }
  } catch (e) { throw within(e, "[" + i + "]"); }
  return ptr;
}`;
    return { text, usesFrame: false };
  });
  return [region.keep(`${name}(${values}, ${length}, ${fits})`), length];
}

/** Checks one element, and makes it a value that the view takes. */
function check(view: NumericView, lowerCore: string): string {
  if (view === "f32" || view === "f64") return `if (typeof value !== "number") mismatch(${quote(view)}, value);`;
  if (view === "u64" || view === "s64") return `value = ${lowerCore}(cx, value);`;
  const { truncated } = numberRules[view];
  return `if (typeof value !== "number" || ${truncated("value")} !== value) mismatch(${quote(view)}, value);`;
}
