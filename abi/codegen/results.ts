// How generated code spells a top-level `result`: its payload and its case are two variables,
// without an object in between.
// Types enter, statements of a region leave. codecs/results.ts says what a host's values mean.

import { quote } from "./shapes.ts";
import type { Region } from "./region.ts";
import type { OfKind, ValType } from "../types/types.ts";

/**
 * Lifts a `result`. Gives an expression for its payload, and one that says whether the case is
 * `err`.
 */
export function liftTop(
  region: Region,
  type: OfKind<"result">,
  index: string,
  lift: (payload: ValType, item: string) => string,
): [value: string, isErr: string] {
  const discriminant = region.keep(index), value = region.program.name();
  region.add(`let ${value};`);
  for (const [i, payload] of [type.ok, type.err].entries()) {
    region.add(`${i === 0 ? "" : "else "}if (${discriminant} === ${i}) {`);
    if (payload !== undefined) region.add(`${value} = ${lift(payload, i === 0 ? ".ok" : ".err")};`);
    region.add("}");
  }
  region.add(`else { ${region.at("")} trap(tree, "invalid-discriminant"); }`);
  return [value, `${discriminant} === 1`];
}

/**
 * Reads what a host function returned or threw. Only branded values count as results; any other
 * returned value is an `ok`.
 */
export function openTop(region: Region, type: OfKind<"result">): void {
  region.add(`let failed = false, branded = false, payload;
      if (error !== undefined) { failed = true; payload = error.val; }
      else if (typeof value === "object" && value !== null && value["~result"] === true) branded = true;
      else payload = ${type.ok === undefined ? `plainResult(${region.program.constant(type)}, value)` : "value"};`);
}

/** Reads the case and the payload of a Result. This happens after memory for them was allocated. */
export function readTop(region: Region, type: OfKind<"result">): void {
  region.add(`if (branded) {
        const { tag } = value;
        if (tag === "err") failed = true;
        else if (tag !== "ok") refuseTag(${region.program.constant(type)}, value, tag);
        payload = value.val;
      }`);
}

/** Lowers the payload of both cases. */
export function lowerTop(
  region: Region,
  { ok, err }: OfKind<"result">,
  lower: (payload: ValType, item: string) => void,
): void {
  for (const [tag, payload] of [["err", err], ["ok", ok]] as const) {
    region.add(tag === "err" ? "if (failed) {" : "} else {");
    if (payload !== undefined) lower(payload, `.${tag}`);
    else region.add(`if (payload !== undefined) refusePayload(${quote(tag)}, payload);`);
    region.flush();
  }
  region.add("}");
}
