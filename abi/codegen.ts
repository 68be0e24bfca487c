// Whole trampolines as generated JavaScript, one per signature and direction: named parameters, no arrays of arguments, loads and stores
// spelt out. The closure tier (lift.ts, lower.ts) says what they must do; they do it in the same order, with the same errors.
// Signatures in, makers out: a maker is compiled once per signature, and gives a trampoline for each instance's context.
// Nothing of a component's text gets into the code but as JSON string literals (codegen_values.ts).
// Spec: CanonicalABI.md `canon lift`, `canon lower`; DESIGN.md "Speed".

import { ComponentError, within } from "../errors.ts";
import { CallScope } from "./call_scope.ts";
import type { CodecSource } from "./codec.ts";
import { ownFunction } from "./copies.ts";
import { Program, TooLarge, valueHelpers } from "./codegen_program.ts";
import { isHostResource, isOwnBorrow, resourceOf } from "./codegen_handles.ts";
import { Region } from "./codegen_values.ts";
import { paramsDirect, resultDirect, variantLayout } from "./layout.ts";
import { enter, failedCall, failedLower, type GuestCall, leave, type Lifted, refuseEnter } from "./lift.ts";
import { CALL, failed, type HostCall, LOWER, thrown } from "./lower.ts";
import { FREE } from "./instance.ts";
import type { CanonContext } from "./options.ts";
import { lendDirectly } from "./resources.ts";
import { checkDropped, plainResult } from "./results.ts";
import type { CoreFunction, Signature } from "./signature.ts";
import { rethrow, trapAt } from "./trap.ts";
import { containsAsyncValue, type FuncType, type OfKind, type ValType } from "./types.ts";

/** More parameters than this are left to the closure tier. */
const MAX_PARAMETERS = 40;

/** What trampolines call by name. */
const helpers = {
  ...valueHelpers,
  CallScope,
  ComponentError,
  checkDropped,
  enter,
  leave,
  lendDirectly,
  refuseEnter,
  plainResult,
  rethrow,
  trapAt,
};

const helperNames = Object.keys(helpers);

/** Gives a trampoline for one instance. */
type Maker = (...instance: unknown[]) => CoreFunction;

/** What was written for a signature: the text of a maker, and what it refers to as `k0`, `k1`, …. */
interface Written {
  readonly body: string;
  readonly constants: readonly unknown[];
}

/** By what differs between the trampolines of a signature; `undefined` where that is too large. */
const written = new WeakMap<Signature, Map<string, Written | undefined>>();

/** A maker for one instance. */
function makerOf(
  signature: Signature,
  key: string,
  write: (program: Program) => string,
  codecs: CodecSource,
): Maker | undefined {
  let found = written.get(signature);
  if (found === undefined) written.set(signature, found = new Map());
  if (!found.has(key)) found.set(key, writeOnce(write, new Program(codecs)));
  const code = found.get(key);
  return code && ownFunction(["H", "K"], code.body)(helpers, code.constants) as Maker;
}

function writeOnce(write: (program: Program) => string, program: Program): Written | undefined {
  try {
    const source = write(program), { constants } = program;
    const used = helperNames.filter((name) => source.includes(name)), names = constants.map((_, i) => `k${i}`);
    return { body: `const { ${used.join(", ")} } = H;\nconst [${names.join(", ")}] = K;\n${source}`, constants };
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
}

/** Whether a function's trampolines can be generated at all. */
export function isCovered(type: FuncType): boolean {
  const types = [...type.params.map((param) => param.type), ...(type.result === undefined ? [] : [type.result])];
  return type.params.length <= MAX_PARAMETERS && !type.async && !types.some(containsAsyncValue);
}

/** The parameter and the item that a place says. */
function parsePlace(place: string): { readonly param: number; readonly item: string } {
  const space = place.indexOf(" ");
  return { param: Number(place.slice(0, space)), item: place.slice(space + 1) };
}

const parameters = (count: number, name: string, from = 0): string[] =>
  Array.from({ length: count - from }, (_, i) => `${name}${i + from}`);

// ── Exports ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** How an export is to be called. */
export interface ExportStyle {
  /** Whether an `err` is thrown; else a top-level `result` is a Result. */
  readonly throws: boolean;
  /** Whether `this` is the first argument. */
  readonly method: boolean;
}

/** The JS function for a guest's export; `undefined` where it is the closure tier's. */
export function generateLift(
  lifted: Lifted,
  cx: CanonContext,
  { throws, method }: ExportStyle,
  codecs: CodecSource,
): GuestCall | undefined {
  const { signature, core, postReturn, path } = lifted;
  if (!isCovered(signature.type)) return undefined;
  const entering = cx.inst.enteringSet(undefined);
  const single = entering.length === 1, post = postReturn !== undefined;
  const direct = paramsDirect(signature.layout);
  const borrows = signature.type.params.map(({ type }) => direct && type.kind === "borrow" && isOwnBorrow(type, cx));
  const maker = makerOf(
    signature,
    `lift ${throws} ${method} ${single} ${post} ${borrows}`,
    (program) => writeLift(signature, program, { throws, method, single, post, borrows }),
    codecs,
  );
  const fail = (at: number, lowers: number, place: string | undefined, error: unknown, scope?: CallScope): unknown => {
    if (at < 0) {
      scope?.end();
      return failedCall(lifted, cx, false, error);
    }
    const { param, item } = parsePlace(place!);
    if (item !== "") within(error, item);
    if (at >= lowers) {
      scope?.end();
      return failedCall(lifted, cx, true, error);
    }
    return failedLower(lifted, cx, param, error, () => {
      scope?.undo();
      leave(entering);
    });
  };
  return maker?.(cx, core, postReturn, entering, path, fail, cx.inst.tree.callNumber(path)) as GuestCall | undefined;
}

function writeLift(
  signature: Signature,
  program: Program,
  { throws, method, single, post, borrows }: ExportStyle & {
    readonly single: boolean;
    readonly post: boolean;
    readonly borrows: readonly boolean[];
  },
): string {
  const { type, layout } = signature, { params, lifted } = layout, region = new Region(program);
  const { result } = type;

  // Lowering the parameters.
  let core: string[];
  if (paramsDirect(layout)) {
    core = type.params.flatMap((param, k) => {
      region.within(`${k} `);
      if (!borrows[k]) return region.lowerFlat(param.type, `a${k}`, "");
      region.add(region.at(""));
      region.add(`b${k} = lendDirectly(a${k}, r${k});`);
      return [`b${k}.rep`];
    });
  } else {
    region.within(`${type.params.length} `);
    region.add(region.at(""));
    const base = region.keep(`cx.allocate(${params.alignment}, ${params.size})`);
    type.params.forEach((param, k) => {
      region.within(`${k} `);
      region.store(param.type, `a${k}`, base, params.offsets[k]!, "");
    });
    region.flush();
    region.usesMemory = true;
    core = [base];
  }
  const lowering = region.lines.splice(0),
    lowers = region.places.length,
    syncs = region.usesMemory || !resultDirect(layout);

  // Lifting the result. Its places come after those of the parameters.
  region.usesMemory = false;
  region.within("result ");
  let value = "undefined", isErr = "";
  if (result !== undefined) {
    const top = result.kind === "result" ? result : undefined;
    region.add(region.at("")); // the pointer's checks, too
    if (resultDirect(layout)) {
      if (top === undefined) value = region.liftFlat(result, ["r"], "");
      else [value, isErr] = liftTop(region, top, "r >>> 0", () => "undefined");
    } else {
      region.usesMemory = true;
      const { alignment, size } = layout.result!;
      const ptr = region.keep(`cx.checkPointer(r, ${alignment}, ${size})`);
      if (top === undefined) value = region.load(result, ptr, 0, "");
      else {
        [value, isErr] = liftTop(
          region,
          top,
          `m.u8[${ptr}]`,
          (payload, item) => region.load(payload, ptr, variantLayout([top.ok, top.err]).payloadOffset, item),
        );
      }
    }
  }
  const lends = borrows.flatMap((is, k) => is ? k : []);
  const lifting = region.lines.splice(0);
  const places = program.constant(region.places);
  const needsLift = region.usesMemory;
  const args = parameters(type.params.length, "a", method ? 1 : 0).join(", ");
  const returned = isErr === "" || throws ? "out" : '{ tag: failed ? "err" : "ok", val: out, "~result": true }';
  return `return (cx, core, post, entering, path, fail, number) => {
  const { inst } = cx, { tree } = inst, m = cx.memory;
  ${lends.map((k) => `const r${k} = ${resourceOf(type.params[k]!.type)};`).join("\n  ")}
  ${program.functions.join("\n")}
  return ${method ? `{ method(${args}) {` : `(${args}) => {`}
    ${method ? "const a0 = this;" : ""}
    ${
    single ? "if (inst.entered) refuseEnter(inst, path);\n    inst.entered = number;" : "enter(entering, path, number);"
  }
    let at = ${CALL}, out${isErr === "" ? "" : ", failed = false"}${lends.map((k) => `, b${k}`).join("")};
    ${region.usesScope ? "const scope = new CallScope();" : ""}
    try {
      ${region.usesScope ? "cx.scope = scope;" : ""}
      ${syncs ? "cx.beginLower();" : ""}
      ${lowering.join("\n      ")}
      at = ${CALL};
      ${region.ranHost ? "if (tree.poisoned) rethrow(tree);" : ""}
      const r = core(${core.join(", ")});
      if (tree.poisoned) rethrow(tree);
      ${region.usesScope ? 'if (scope.borrows > 0) trap(tree, "borrows-remain");' : ""}
      ${needsLift ? "cx.beginLift();" : ""}
      ${lifting.join("\n      ")}
      out = ${value};
      ${isErr === "" ? "" : `failed = ${isErr};`}
      ${
    post
      ? `at = ${CALL};
      inst.mayLeave = false;
      post(${lifted.results.length === 0 ? "" : "r"});
      inst.mayLeave = true;
      if (tree.poisoned) rethrow(tree);`
      : ""
  }
    } catch (e) {
      ${lends.map((k) => `if (b${k} !== undefined) b${k}.lends--;`).join(" ")}
      throw fail(at, ${lowers}, ${places}[at], e${region.usesScope ? ", scope" : ""});
    }
    ${region.usesScope ? "scope.end();" : ""}
    ${lends.map((k) => `b${k}.lends--;`).join(" ")}
    ${single ? `inst.entered = ${FREE};` : "leave(entering);"}
    ${isErr !== "" && throws ? "if (failed) throw new ComponentError(out);" : ""}
    return ${returned};
  }${method ? " }.method" : ""};
};`;
}

/** A `result` at the top of a function: its payload, and whether it is the `err`'s; no object in between. */
function liftTop(
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

// ── Imports ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The core function for a host function; `undefined` where it is the closure tier's. */
export function generateLower(
  signature: Signature,
  call: HostCall,
  cx: CanonContext,
  path: string,
  codecs: CodecSource,
): CoreFunction | undefined {
  if (!isCovered(signature.type)) return undefined;
  const { params, result } = signature.type, direct = paramsDirect(signature.layout);
  const borrows = params.map(({ type }) => direct && type.kind === "borrow" && isHostResource(type, cx));
  const own = result?.kind === "own" && isHostResource(result, cx);
  const maker = makerOf(
    signature,
    `lower ${borrows} ${own}`,
    (program) => writeLower(signature, program, borrows, own),
    codecs,
  );
  const fail = (at: number, lifts: number, place: string | undefined, error: unknown, scope?: CallScope): unknown => {
    scope?.end();
    if (at < 0) return failed(signature, cx, path, CALL, error);
    const { param, item } = parsePlace(place!);
    if (item !== "") within(error, item);
    return failed(signature, cx, path, at < lifts ? param : LOWER, error);
  };
  return maker?.(cx, call, path, fail, (error: unknown) => thrown(signature, error));
}

function writeLower(signature: Signature, program: Program, borrows: readonly boolean[], own: boolean): string {
  const { type, layout } = signature, { params, lowered } = layout, { result } = type, region = new Region(program);
  const core = parameters(lowered.params.length, "c");

  // Lifting the parameters.
  let args: string[];
  if (paramsDirect(layout)) {
    args = type.params.map((param, k) => {
      region.within(`${k} `);
      const start = params.flatOffsets[k]!, { flat } = signature.params[k]!.layout;
      if (borrows[k]) {
        region.add(region.at(""));
        region.add(`const b${k} = handles.lendDirectly(${core[start]} >>> 0, r${k}); lent = ${k + 1};`);
        return `r${k}.borrowToHost(b${k})`;
      }
      return region.liftFlat(param.type, core.slice(start, start + flat!.length), "");
    });
  } else {
    region.usesMemory = true;
    region.within(`${type.params.length} `);
    region.add(region.at(""));
    const base = region.keep(`cx.checkPointer(c0, ${params.alignment}, ${params.size})`);
    args = type.params.map((param, k) => {
      region.within(`${k} `);
      return region.load(param.type, base, params.offsets[k]!, "");
    });
  }
  const lifting = region.lines.splice(0), lifts = region.places.length;
  const needsLift = region.usesMemory;

  // Lowering the result.
  region.ranHost = true;
  region.usesMemory = false;
  region.within("result ");
  let out = "";
  if (result === undefined) region.add(`if (value !== undefined) { ${region.at("")} checkDropped(value); }`);
  else {
    region.add(region.at(""));
    const top = result.kind === "result" ? result : undefined;
    if (top !== undefined) openTop(region, top);
    if (resultDirect(layout)) {
      if (own) out = "handles.add(r, r.hold(value), undefined)";
      else if (top === undefined) [out = ""] = region.lowerFlat(result, "value", "");
      else {
        readTop(region, top);
        lowerTop(region, top, () => {});
        out = "failed ? 1 : 0";
      }
    } else {
      region.usesMemory = true;
      const { alignment, size } = layout.result!;
      const ptr = region.keep(`cx.checkPointer(${core.at(-1)}, ${alignment}, ${size})`);
      if (top === undefined) region.store(result, "value", ptr, 0, "");
      else {
        const { payloadOffset } = variantLayout([top.ok, top.err]);
        readTop(region, top);
        region.add(`m.sync(); m.u8[${ptr}] = failed ? 1 : 0;`);
        lowerTop(region, top, (payload, item) => region.store(payload, "payload", ptr, payloadOffset, item));
      }
      region.flush();
    }
  }
  const lowering = region.lines.splice(0), places = program.constant(region.places);
  const calling = result?.kind === "result"
    ? `let value, error;
      try { value = call(${args.join(", ")}); } catch (e) { error = thrown(e); }`
    : `const value = call(${args.join(", ")});`;
  // Which handles are lent: those before the one at which lifting failed.
  const lends = borrows.flatMap((is, k) => is ? k : []);
  const handle = (k: number): string => `${core[params.flatOffsets[k]!]} >>> 0`;
  return `return (cx, call, path, fail, thrown) => {
  const { inst } = cx, { tree, handles } = inst, m = cx.memory;
  ${lends.map((k) => `const r${k} = ${resourceOf(type.params[k]!.type)};`).join("\n  ")}
  ${own ? `const r = ${resourceOf(result!)};` : ""}
  ${program.functions.join("\n")}
  return (${core.join(", ")}) => {
    if (!inst.mayLeave) trapAt(tree, path, "cannot-leave");
    let at = ${CALL}${lends.length === 0 ? "" : ", lent = 0"};
    ${region.usesScope ? "const scope = new CallScope();" : ""}
    try {
      ${region.usesScope ? "cx.scope = scope;" : ""}
      ${needsLift ? "cx.beginLift();" : ""}
      ${lifting.join("\n      ")}
      at = ${CALL};
      ${calling}
      ${region.usesMemory ? "cx.beginLower();" : ""}
      ${lowering.join("\n      ")}
      ${out === "" ? "" : `const out = ${out};`}
      ${region.usesScope ? "scope.end();" : ""}
      ${lends.map((k) => `handles.endLend(${handle(k)});`).join(" ")}
      ${out === "" ? "" : "return out;"}
    } catch (e) {
      ${lends.map((k) => `if (lent > ${k}) handles.endLend(${handle(k)});`).join(" ")}
      throw fail(at, ${lifts}, ${places}[at], e${region.usesScope ? ", scope" : ""});
    }
  };
};`;
}

/** Whether a host function with a `result` gave a Result or threw, and what it gave else. Only branded values count as results. */
function openTop(region: Region, type: OfKind<"result">): void {
  region.add(`let failed = false, branded = false, payload;
      if (error !== undefined) { failed = true; payload = error.val; }
      else if (typeof value === "object" && value !== null && value["~result"] === true) branded = true;
      else payload = ${type.ok === undefined ? `plainResult(${region.program.constant(type)}, value)` : "value"};`);
}

/** The case and the payload of a Result: read once there is room for them. */
function readTop(region: Region, type: OfKind<"result">): void {
  region.add(`if (branded) {
        const { tag } = value;
        if (tag === "err") failed = true;
        else if (tag !== "ok") refuseTag(${region.program.constant(type)}, value, tag);
        payload = value.val;
      }`);
}

/** Lowers the payload of either case. */
function lowerTop(
  region: Region,
  { ok, err }: OfKind<"result">,
  lower: (payload: ValType, item: string) => void,
): void {
  for (const [tag, payload] of [["err", err], ["ok", ok]] as const) {
    region.add(tag === "err" ? "if (failed) {" : "} else {");
    if (payload !== undefined) lower(payload, `.${tag}`);
    else region.add(`if (payload !== undefined) refusePayload(${JSON.stringify(tag)}, payload);`);
    region.flush();
  }
  region.add("}");
}
