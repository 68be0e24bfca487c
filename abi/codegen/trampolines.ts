// Whole trampolines as JavaScript text, one per call plan and way of calling: named parameters
// instead of arrays of arguments, and loads and stores spelt out.
// Each step of the plan has a row here that prints it, as it has a row in calls/perform.ts that
// performs it, with the same order and the same errors.
// A call plan and facts enter, the text of a maker leaves. generate.ts makes functions of it.
// Text of a component gets into the code only as JSON string literals (lift_values.ts,
// lower_values.ts).
// Spec: CanonicalABI.md `canon lift`, `canon lower`.

import type { CallPlan, Step } from "../calls/call_plan.ts";
import type { CodecSource } from "../codecs/codec.ts";
import type { Facts, Place, Printer, WrittenTrampoline } from "./generate.ts";
import { helpers } from "./helpers.ts";
import { Program, TooLarge } from "./program.ts";
import { resourceOf } from "./handles.ts";
import { liftTop, lowerTop, openTop, readTop } from "./results.ts";
import { Region } from "./region.ts";
import { liftFlat, load } from "./lift_values.ts";
import { lowerFlat, store } from "./lower_values.ts";
import { FREE } from "../state/flags.ts";
import type { Signature } from "../codecs/signature.ts";
import type { Numbers } from "../wasm/wide_core.ts";
import type { ValType } from "../types/types.ts";

/** Prints a trampoline. `undefined` if the text would be too large. */
export const printTrampoline: Printer = (
  plan: CallPlan,
  facts: Facts,
  codecs: CodecSource,
): WrittenTrampoline | undefined => {
  const program = new Program(codecs, (plan.lift ?? plan.lower)!.key.address);
  try {
    const writing = new Writing(plan, facts, program), source = writing.write(), { constants } = program;
    const used = Object.keys(helpers).filter((name) => source.includes(name)), names = constants.map((_, i) => `k${i}`);
    const body = `const { ${used.join(", ")} } = H;\nconst [${names.join(", ")}] = K;\n${source}`;
    return { body, constants, numbers: writing.numbers };
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
};

/** Text, or a function that gives text once all steps are printed. */
type Printed = string | (() => string);

/**
 * Steps outside the `try`. When those in `before` run, nothing needs to be undone yet. When those
 * in
 * `after` run, everything that needs cleaning up after a failure is done.
 */
const before: ReadonlySet<Step> = new Set<Step>(["check-leave", "enter-from-host"]);
const after: ReadonlySet<Step> = new Set<Step>(["close-frames", "leave", "give-result"]);

/**
 * The value of `at` during the core call or the host function, which belong to no place in a value.
 */
const CALLING = -1;

/** Writes one trampoline. */
class Writing {
  readonly plan: CallPlan;
  readonly facts: Facts;
  readonly program: Program;
  readonly region: Region;
  readonly signature: Signature;
  /** The trampoline's own parameters: core values if a guest calls, values if the host calls. */
  readonly args: readonly string[];
  /** Parameters that are lent without a frame, by index. */
  readonly lends: readonly number[];
  /** Expressions for the arguments of the callee. */
  given: readonly string[] = [];
  /** An expression that says whether the result is an `err`. Empty if its type is not `result`. */
  isErr = "";
  /** Whether the core call has been printed. */
  called = false;
  /** The core values of the callee that are numbers. Only those of a 64-bit memory are. */
  numbers: Numbers | undefined = undefined;

  constructor(plan: CallPlan, facts: Facts, program: Program) {
    this.plan = plan;
    this.facts = facts;
    this.program = program;
    this.region = new Region(program);
    this.signature = (plan.lift ?? plan.lower)!;
    const [count, name] = plan.lower === undefined
      ? [this.signature.params.length, "a"]
      : [this.signature.layout.core.params.length, "c"];
    this.args = Array.from({ length: count }, (_, i) => `${name}${i}`);
    this.lends = facts.borrows.flatMap((is, k) => is ? k : []);
  }

  /** Gives the text of a maker. */
  write(): string {
    const { plan, program, region, facts, lends, args, signature: { type } } = this, lifts = plan.lift !== undefined;
    const printed = plan.steps.map((step) => ({ step, text: print[step](this) }));
    const text = (wanted: (step: Step) => boolean): string =>
      printed.filter(({ step }) => wanted(step)).map(({ text }) => typeof text === "string" ? text : text())
        .filter((text) => text !== "").join("\n      ");
    const places = program.constant(region.places.map(parsePlace));
    const { method } = facts, params = args.slice(method ? 1 : 0).join(", ");
    const locals = [
      `at = ${CALLING}`,
      "out",
      ...(this.isErr === "" ? [] : ["failed = false"]),
      ...(lends.length > 0 && !lifts ? ["lent = 0"] : []),
      ...(lifts ? lends.map((k) => `b${k}`) : []),
    ];
    return `return (cx, { path, host }, { core, postReturn, entering, number }, fail, thrown) => {
  const { inst } = cx, { tree, handles, words, enteredAt, noLeaveAt } = inst, { lockedDownAt } = tree, m = cx.memory;
  ${lends.map((k) => `const r${k} = ${resourceOf(type.params[k]!.type)};`).join("\n  ")}
  ${facts.own ? `const r = ${resourceOf(type.result!)};` : ""}
  ${program.functions.join("\n")}
  return ${method ? `{ method(${params}) {` : `(${params}) => {`}
    ${method ? "const a0 = this;" : ""}
    ${text((step) => before.has(step))}
    let ${locals.join(", ")};
    ${region.usesFrame ? "const frame = new CallFrame();" : ""}
    try {
      ${text((step) => !before.has(step) && !after.has(step))}
    } catch (e) {
      ${lends.map((k) => this.giveBack(k, lifts ? `b${k} !== undefined` : `lent > ${k}`)).join(" ")}
      throw fail(${places}[at], e${region.usesFrame ? ", frame" : ""});
    }
    ${text((step) => after.has(step))}
    ${lifts || type.result !== undefined ? "return out;" : ""}
  }${method ? " }.method" : ""};
};`;
  }

  /** Returns a handle that was lent without a frame. */
  giveBack(k: number, condition?: string): string {
    const core = this.args[this.signature.layout.params.flatOffsets[k]!];
    const back = this.plan.lift === undefined ? `handles.endLend(${core} >>> 0);` : `b${k}.lends--;`;
    return condition === undefined ? back : `if (${condition}) ${back}`;
  }

  /** Whether the region has used memory since the last call of this function. */
  neededMemory(): boolean {
    const needed = this.region.usesMemory;
    this.region.usesMemory = false;
    return needed;
  }
}

/** A place as text: the step, the parameter, and the item in it. */
function parsePlace(place: string): Place {
  const [step = "", param = ""] = place.split(" ", 2);
  return { step: step as Step, param: Number(param), item: place.slice(step.length + param.length + 2) };
}

/** Prints each step as JavaScript. */
const print: Readonly<Record<Step, (w: Writing) => Printed>> = {
  "check-leave": () => 'if (words[noLeaveAt] !== 0) trapAt(tree, path, "cannot-leave");',
  "enter-from-host": ({ facts: { single } }) =>
    single
      ? `if (words[enteredAt] !== ${FREE}) refuseEnter(inst, "call", path);\n    words[enteredAt] = number;`
      : "enterAll(entering, path, number);",
  // Frames are made when the first item is noted, so this step prints nothing.
  "open-frames": () => "",

  "lift-params"(w) {
    const { region, args, facts: { borrows }, signature: { type, layout, params } } = w;
    if (layout.paramsDirect) {
      w.given = type.params.map((param, k) => {
        region.within(`lift-params ${k} `);
        const start = layout.params.flatOffsets[k]!, { flat } = params[k]!.layout;
        if (!borrows[k]) return liftFlat(region, param.type, args.slice(start, start + flat!.length), "");
        region.add(region.at(""));
        region.add(`const b${k} = handles.lendDirectly(${args[start]} >>> 0, r${k}); lent = ${k + 1};`);
        return `r${k}.borrowToHost(b${k})`;
      });
    } else {
      region.usesMemory = true;
      region.within(`lift-params ${type.params.length} `);
      region.add(region.at(""));
      const base = region.keep(`cx.liftedPointer(c0, ${layout.params.alignment}, ${layout.params.size})`);
      w.given = type.params.map((param, k) => {
        region.within(`lift-params ${k} `);
        return load(region, param.type, base, layout.params.offsets[k]!, "");
      });
    }
    return lines([w.neededMemory() ? "cx.beginLift();" : "", ...region.take()]);
  },

  "lower-params"(w) {
    const { region, facts: { borrows }, signature: { type, layout } } = w;
    if (layout.paramsDirect) {
      w.given = type.params.flatMap((param, k) => {
        region.within(`lower-params ${k} `);
        if (!borrows[k]) return lowerFlat(region, param.type, `a${k}`, "");
        region.add(region.at(""));
        region.add(`b${k} = lendDirectly(a${k}, r${k});`);
        return [`b${k}.rep`];
      });
    } else {
      region.within(`lower-params ${type.params.length} `);
      region.add(region.at(""));
      const base = region.keep(`cx.allocate(${layout.params.alignment}, ${layout.params.size})`);
      type.params.forEach((param, k) => {
        region.within(`lower-params ${k} `);
        store(region, param.type, `a${k}`, base, layout.params.offsets[k]!, "");
      });
      region.flush();
      region.usesMemory = true;
      w.given = [region.pointerToCore(base)];
    }
    const syncs = w.neededMemory() || !layout.resultDirect;
    return lines([syncs ? "cx.beginLower();" : "", ...region.take()]);
  },

  "check-lock-down"(w) {
    const check = "if (words[lockedDownAt] !== 0) rethrow(tree);";
    // Before the call, only host code can have locked the tree down.
    return w.called ? check : w.region.ranHost ? `at = ${CALLING};\n      ${check}` : "";
  },
  "call-guest"(w) {
    const { region, plan, signature: { layout: { result, resultDirect } } } = w;
    w.called = true;
    // What only passes values (passing.ts) takes core values.
    if (w.program.address === "i64" && plan.steps.includes("enter-from-host")) {
      const { given, params } = region.asNumbers(w.given), returned = result !== undefined && !resultDirect;
      if (params.size > 0 || returned) w.numbers = { params, result: returned };
      w.given = given;
    }
    return lines([`at = ${CALLING};`, `const r = core(${w.given.join(", ")});`]);
  },
  "call-host"(w) {
    const call = `host(${w.given.join(", ")})`;
    w.region.ranHost = true;
    return w.signature.type.result?.kind === "result"
      ? lines([`at = ${CALLING};`, "let value, error;", `try { value = ${call}; } catch (e) { error = thrown(e); }`])
      : lines([`at = ${CALLING};`, `const value = ${call};`]);
  },

  "take-result"({ region, signature: { type: { result } } }) {
    region.within("lower-result 0 ");
    if (result === undefined) region.add(`if (value !== undefined) { ${region.at("")} checkDropped(value); }`);
    else region.add(region.at(""));
    if (result?.kind === "result") openTop(region, result);
    return lines(region.take());
  },
  "lower-result"(w) {
    const { region, args, facts, signature: { type: { result }, layout } } = w;
    if (result === undefined) return "";
    const top = result.kind === "result" ? result : undefined;
    let out = "";
    if (layout.resultDirect) {
      if (facts.own) out = "handles.add(r, r.hold(value), undefined)";
      else if (top === undefined) [out = ""] = lowerFlat(region, result, "value", "");
      else {
        readTop(region, top);
        lowerTop(region, top, () => {});
        out = "failed ? 1 : 0";
      }
    } else {
      region.usesMemory = true;
      const { alignment, size } = layout.result!;
      const ptr = region.keep(`cx.checkPointer(${args.at(-1)}, ${alignment}, ${size})`);
      if (top === undefined) store(region, result, "value", ptr, 0, "");
      else {
        readTop(region, top);
        region.add(`m.sync(); m.u8[${ptr}] = failed ? 1 : 0;`);
        const offset = region.payloadOffset(top);
        lowerTop(region, top, (payload, item) => store(region, payload, "payload", ptr, offset, item));
      }
      region.flush();
    }
    const begin = w.neededMemory() ? "cx.beginLower();" : "";
    return lines([begin, ...region.take(), out === "" ? "" : `out = ${out};`]);
  },

  "check-borrows": ({ region }) => () => region.usesFrame ? 'if (frame.borrows > 0) trap(tree, "borrows-remain");' : "",

  "lift-result"(w) {
    const { region, signature: { type: { result }, layout } } = w;
    region.within("lift-result 0 ");
    let value = "undefined";
    if (result !== undefined) {
      const top = result.kind === "result" ? result : undefined;
      region.add(region.at("")); // the pointer's checks, too
      if (layout.resultDirect) {
        if (top === undefined) value = liftFlat(region, result, ["r"], "");
        else [value, w.isErr] = liftTop(region, top, "r >>> 0", () => "undefined");
      } else {
        region.usesMemory = true;
        const { alignment, size } = layout.result!;
        const check = w.numbers === undefined ? "liftedPointer" : "liftedRecord";
        const ptr = region.keep(`cx.${check}(r, ${alignment}, ${size})`);
        if (top === undefined) value = load(region, result, ptr, 0, "");
        else {
          const offset = region.payloadOffset(top);
          const lift = (payload: ValType, item: string) => load(region, payload, ptr, offset, item);
          [value, w.isErr] = liftTop(region, top, `m.u8[${ptr}]`, lift);
        }
      }
    }
    const begin = w.neededMemory() ? "cx.beginLift();" : "";
    return lines([begin, ...region.take(), `out = ${value};`, w.isErr === "" ? "" : `failed = ${w.isErr};`]);
  },

  "post-return": ({ signature: { layout }, numbers }) =>
    lines([
      `at = ${CALLING};`,
      "words[noLeaveAt] = 1;",
      `postReturn(${layout.core.results.length === 0 ? "" : numbers?.result ? "BigInt(r)" : "r"});`,
      "if (words[lockedDownAt] !== 0) rethrow(tree);",
      "words[noLeaveAt] = 0;",
    ]),
  "close-frames": (w) => () =>
    [w.region.usesFrame ? "frame.end();" : "", ...w.lends.map((k) => w.giveBack(k))].join(" "),
  leave: ({ facts: { single } }) => single ? `words[enteredAt] = ${FREE};` : "leaveAll(entering);",
  "give-result"({ facts: { throws }, isErr }) {
    if (isErr === "") return "";
    return throws
      ? "if (failed) throw new ComponentError(out);"
      : 'out = { tag: failed ? "err" : "ok", val: out, "~result": true };';
  },

  // Calls between guests are performed by closures (calls/perform.ts).
  "enter-from-guest": () => "",
};

function lines(texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join("\n      ");
}
