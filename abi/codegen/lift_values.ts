// Types → JavaScript that lifts values: from core values or from memory to expressions of
// JavaScript values.
// A region and a type in, an expression out; statements are added on the way. Text of a component
// enters as JSON string literals only.
// What is done and in which order is the codecs' (codecs/): a range is checked, then read.
// Spec: definitions.py `load`, `lift_flat`.

import type { Codec } from "../codecs/codec.ts";
import { coercion } from "../codecs/variants.ts";
import { layoutOf, recordLayout, variantLayout } from "../types/layout.ts";
import { bigintRules, type IntegerRule, numberRules, numericArrays, numericView } from "../types/scalar_rules.ts";
import { containsHandle, isView, type OfKind, type ValType } from "../types/types.ts";
import { enumNames, liftFlags } from "./labels.ts";
import type { Region } from "./region.ts";
import { discriminantView, items, member, partTypes, type Shape, shapeOf, shapeOfRecord } from "./shapes.ts";

/** What a number or bigint of a kind is cut by; `undefined` for other kinds. */
function integerRule(kind: string): Pick<IntegerRule<never>, "truncated"> | undefined {
  return (numberRules as Readonly<Record<string, IntegerRule<number>>>)[kind] ??
    (bigintRules as Readonly<Record<string, IntegerRule<bigint>>>)[kind];
}

/** Core values that say what they are without a check, as expressions. */
function liftedCore(kind: string, core: string): string | undefined {
  if (kind === "bool") return `${core} !== 0`;
  return kind === "f32" || kind === "f64" ? core : integerRule(kind)?.truncated(core);
}

/** From core values to an expression; statements are added on the way. */
export function liftFlat(region: Region, type: ValType, core: readonly string[], path: string): string {
  region.program.count();
  switch (type.kind) {
    case "string":
      region.usesMemory = true;
      region.add(region.at(path));
      return region.keep(`loadString(cx, ${region.pointer(core[0]!)}, ${region.units(core[1]!)})`);
    case "list":
      return loadList(region, type, region.pointer(core[0]!), region.pointer(core[1]!), path);
    case "record":
    case "tuple": {
      const { flatOffsets } = recordLayout(partTypes(type), region.program.address);
      return liftComposite(region, type, (part, k, item) => {
        const start = flatOffsets[k]!, count = layoutOf(part, region.program.address).flat!.length;
        return liftFlat(region, part, core.slice(start, start + count), path + item);
      });
    }
    case "flags":
      return liftFlags(type, core[0]!, region.program);
    case "enum":
      return liftEnum(region, type, `${core[0]} >>> 0`, path);
    case "option":
    case "result":
    case "variant": {
      const shape = shapeOf(type), joined = layoutOf(type, region.program.address).flat!.slice(1);
      return liftVariant(region, shape, `${core[0]} >>> 0`, path, (payload, item) => {
        const flat = layoutOf(payload, region.program.address).flat!, coerce = coercion(flat, joined);
        const parts = flat.map((_, i) =>
          coerce === undefined || flat[i] === joined[i]
            ? core[i + 1]!
            : region.keep(`${region.program.constant(coerce[i]!.toPart)}(${core[i + 1]})`)
        );
        return liftFlat(region, payload, parts, path + item);
      });
    }
    default: {
      const simple = liftedCore(type.kind, core[0]!);
      if (simple !== undefined) return simple;
      return liftByCodec(
        region,
        type,
        path,
        (codec) =>
          codec.liftCore === undefined
            ? `${region.codec(type)}.liftFlat(cx, [${core.join(", ")}], 0, ${region.frame})`
            : `${region.program.constant(codec.liftCore)}(cx, ${core[0]}, ${region.frame})`,
      );
    }
  }
}

/** From memory to an expression. The range is checked. */
export function load(region: Region, type: ValType, ptr: string, offset: number, path: string): string {
  region.program.count();
  const { size } = layoutOf(type, region.program.address);
  const view = numericView(type.kind);
  if (view !== undefined) return region.view(view, ptr, offset, size);
  switch (type.kind) {
    case "bool":
      return `${region.view("u8", ptr, offset, 1)} !== 0`;
    case "string": {
      const [begin, units] = region.pair(ptr, offset, "loadUnits");
      region.add(region.at(path));
      return region.keep(`loadString(cx, ${begin}, ${units})`);
    }
    case "list": {
      const [begin, length] = region.pair(ptr, offset, "load");
      return loadList(region, type, begin, length, path);
    }
    case "record":
    case "tuple": {
      const { offsets } = recordLayout(partTypes(type), region.program.address);
      return liftComposite(region, type, (part, k, item) => load(region, part, ptr, offset + offsets[k]!, path + item));
    }
    case "flags":
      return liftFlags(
        type,
        region.keep(region.view(discriminantView(size), ptr, offset, size)),
        region.program,
      );
    case "enum":
    case "option":
    case "result":
    case "variant": {
      const shape = shapeOf(type),
        { discriminantSize, payloadOffset } = variantLayout(shape.payloads, region.program.address);
      const index = region.view(discriminantView(discriminantSize), ptr, offset, discriminantSize);
      if (type.kind === "enum") return liftEnum(region, type, index, path);
      return liftVariant(
        region,
        shape,
        index,
        path,
        (payload, item) => load(region, payload, ptr, offset + payloadOffset, path + item),
      );
    }
    default:
      region.usesMemory = true;
      return liftByCodec(
        region,
        type,
        path,
        () => `${region.codec(type)}.load(cx, ${ptr} + ${offset}, ${region.frame})`,
      );
  }
}

function liftByCodec(region: Region, type: ValType, path: string, call: (codec: Codec) => string): string {
  const codec = region.program.codecOf(type);
  if (layoutOf(type, region.program.address).flat?.length !== 1 || type.kind === "fixed-list") region.usesMemory = true;
  region.usesFrame ||= type.kind !== "own" && containsHandle(type);
  region.add(region.at(path));
  return region.keep(call(codec));
}

function liftComposite(
  region: Region,
  type: OfKind<"record" | "tuple">,
  lift: (part: ValType, k: number, item: string) => string,
): string {
  const names = items(type, region.program.codecs.memberNames);
  const parts = partTypes(type).map((part, k) => lift(part, k, names[k]!));
  if (type.kind === "tuple") return `[${parts.join(", ")}]`;
  const { keys } = shapeOfRecord(type, region.program.codecs.memberNames);
  for (const key of keys) region.program.count(key.length);
  return `{ ${parts.map((value, k) => member(keys[k]!, value)).join(", ")} }`;
}

function liftEnum(region: Region, type: OfKind<"enum">, index: string, path: string): string {
  const name = region.keep(`${enumNames(type, region.program)}[${index}]`);
  region.add(`if (${name} === undefined) { ${region.at(path)} trap(tree, "invalid-discriminant"); }`);
  return name;
}

function liftVariant(
  region: Region,
  { payloads, item, make }: Shape,
  index: string,
  path: string,
  lift: (payload: ValType, item: string) => string,
): string {
  const value = region.program.name();
  region.add(`let ${value};`);
  region.add(`switch (${index}) {`);
  payloads.forEach((payload, i) => {
    region.add(`case ${i}: {`);
    region.add(`${value} = ${make(i, payload && lift(payload, item(i)))};`);
    region.add("break; }");
  });
  region.add(`default: ${region.at(path)} trap(tree, "invalid-discriminant"); }`);
  return value;
}

function loadList(region: Region, type: OfKind<"list">, ptr: string, length: string, path: string): string {
  region.usesMemory = true;
  const { element } = type;
  const view = numericView(element.kind);
  if (view !== undefined && isView(type)) {
    const range = `${region.keep(ptr)}, ${region.keep(length)}`;
    region.add(`${region.at(path)} checkList(cx, ${region.layout(element)}, ${range});`);
    return region.keep(`new ${region.program.constant(numericArrays[view])}(m.buffer, ${range})`);
  }
  const call = view !== undefined
    ? `loadRange(cx, ${region.codec(element)}, ${ptr}, ${length}, undefined)`
    : region.listFunction("load", type, [ptr, length], (inner, element) => {
      inner.add(`out[i] = ${load(inner, element, "p", 0, "")};`);
    });
  region.add(region.at(path));
  return region.keep(call);
}
