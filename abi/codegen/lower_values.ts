// Types → JavaScript that lowers values: from a variable's value to expressions of core values, or
// to memory.
// A region and a type in; statements are added. Order is the codecs' (codecs/): a value is read
// from the host, checked, then stored;
// whatever may run a guest is done in place. Text of a component enters as JSON string literals
// only.
// Spec: definitions.py `store`, `lower_flat`.

import type { Codec } from "../codecs/codec.ts";
import { coercion } from "../codecs/variants.ts";
import { layoutOf, recordLayout, variantLayout } from "../types/layout.ts";
import { numberRules, type NumericView, numericView } from "../types/scalar_rules.ts";
import { containsHandle, type OfKind, type ValType } from "../types/types.ts";
import { lowerFlags, MAX_SWITCH } from "./labels.ts";
import { storeNumbers } from "./number_lists.ts";
import type { Region } from "./region.ts";
import { discriminantView, items, leafView, partTypes, quote, shapeOf, shapeOfRecord } from "./shapes.ts";

/** From a variable's value to expressions of core values. */
export function lowerFlat(region: Region, type: ValType, value: string, path: string): string[] {
  region.program.count();
  switch (type.kind) {
    case "string":
    case "list":
      return region.coreOfPair(lowerRange(region, type, value, path), type);
    case "record":
    case "tuple":
      return parts(region, type, value, path, (part, read, _, place) => lowerFlat(region, part, read, place)).flat();
    case "option":
    case "result":
    case "variant": {
      const joined = layoutOf(type, region.program.address).flat!.slice(1);
      const index = region.program.name(), names = joined.map(() => region.program.name());
      region.add(
        `let ${
          [
            `${index} = 0`,
            ...names.map((name, i) => `${name} = ${joined[i] === "i64" ? "0n" : "0"}`),
          ].join(", ")
        };`,
      );
      cases(region, type, value, path, (i, payload, item) => {
        region.add(`${index} = ${i};`);
        if (payload === undefined) return;
        const flat = layoutOf(payload.type, region.program.address).flat!, coerce = coercion(flat, joined);
        lowerFlat(region, payload.type, payload.value, path + item).forEach((part, k) => {
          const fits = coerce === undefined || flat[k] === joined[k];
          region.add(`${names[k]} = ${fits ? part : `${region.program.constant(coerce[k]!.toJoined)}(${part})`};`);
        });
      });
      return [index, ...names];
    }
    default:
      return lowerLeaf(region, type, value, path, (codec) => {
        if (codec.lowerCore !== undefined) {
          return [region.keep(`${region.program.constant(codec.lowerCore)}(cx, ${value}, ${region.frame})`)];
        }
        const flat = region.keep("[]");
        region.add(`${region.codec(type)}.lowerFlat(cx, ${value}, ${flat}, 0, ${region.frame});`);
        return codec.layout.flat!.map((_, i) => `${flat}[${i}]`);
      });
  }
}

/**
 * From a variable's value to memory. Stores wait until `flush`: the host's code may still run
 * meanwhile.
 */
export function store(region: Region, type: ValType, value: string, ptr: string, offset: number, path: string): void {
  region.program.count();
  const { size } = layoutOf(type, region.program.address);
  const put = (view: NumericView, core: string, at = offset, bytes = size): void => {
    region.pending.push(`${region.view(view, ptr, at, bytes)} = ${core};`);
  };
  switch (type.kind) {
    case "string":
    case "list": {
      region.flush();
      const [begin, length] = lowerRange(region, type, value, path), { pointers } = region.program;
      if (region.program.address === "i32") {
        put("u32", begin, offset, 4);
        put("u32", length, offset + 4, 4);
      } else {
        const storeLength = type.kind === "list" ? "store" : "storeUnits";
        region.pending.push(`${pointers}.store(m, ${ptr} + ${offset}, ${begin});`);
        region.pending.push(`${pointers}.${storeLength}(m, ${ptr} + ${offset + 8}, ${length});`);
      }
      return;
    }
    case "record":
    case "tuple": {
      const { offsets } = recordLayout(partTypes(type), region.program.address);
      parts(region, type, value, path, (part, read, k, place) => {
        store(region, part, read, ptr, offset + offsets[k]!, place);
        return [];
      });
      return;
    }
    case "option":
    case "result":
    case "variant": {
      region.flush();
      const { discriminantSize, payloadOffset } = variantLayout(shapeOf(type).payloads, region.program.address);
      cases(region, type, value, path, (i, payload, item) => {
        put(discriminantView(discriminantSize), String(i), offset, discriminantSize);
        if (payload !== undefined) store(region, payload.type, payload.value, ptr, offset + payloadOffset, path + item);
        region.flush();
      });
      return;
    }
    default: {
      const view = leafView(type, size);
      if (view !== undefined) {
        const byCodec = ({ lowerCore }: Codec) => [
          region.keep(`${region.program.constant(lowerCore)}(cx, ${value}, ${region.frame})`),
        ];
        return put(view, lowerLeaf(region, type, value, path, byCodec)[0]!);
      }
      region.flush();
      region.usesMemory = true;
      lowerLeaf(region, type, value, path, () => {
        region.add(`m.sync(); ${region.codec(type)}.store(cx, ${value}, ${ptr} + ${offset}, ${region.frame});`);
        return [];
      });
    }
  }
}

/** A type without parts that are spelt out; `byCodec` where its codec must do it. */
function lowerLeaf(
  region: Region,
  type: ValType,
  value: string,
  path: string,
  byCodec: (codec: Codec) => string[],
): string[] {
  if (type.kind in numberRules) {
    const { truncated } = numberRules[type.kind as keyof typeof numberRules];
    region.add(
      `if (typeof ${value} !== "number" || ${truncated(value)} !== ${value}) { ${region.at(path)} mismatch(${
        quote(type.kind)
      }, ${value}); }`,
    );
    return [value];
  }
  switch (type.kind) {
    case "f32":
    case "f64":
      region.add(`if (typeof ${value} !== "number") { ${region.at(path)} mismatch(${quote(type.kind)}, ${value}); }`);
      return [value];
    case "bool":
      region.add(`if (${value} !== true && ${value} !== false) { ${region.at(path)} mismatch("bool", ${value}); }`);
      return [region.keep(`${value} ? 1 : 0`)];
    case "enum":
      return [lowerEnum(region, type, value, path)];
    case "flags":
      region.ranHost = true;
      region.add(region.at(path));
      return [region.keep(`${lowerFlags(type, region.program)}(${value})`)];
    default: {
      if (type.kind === "map" || type.kind === "fixed-list") region.usesMemory = true;
      region.usesFrame ||= containsHandle(type);
      // All but these may run code of the host's: iterators, and the class that recognises its
      // resources.
      region.ranHost ||= type.kind !== "char" && type.kind !== "u64" && type.kind !== "s64";
      region.add(region.at(path));
      return byCodec(region.program.codecOf(type));
    }
  }
}

function lowerEnum(region: Region, type: OfKind<"enum">, value: string, path: string): string {
  const lower = region.program.constant(region.program.codecOf(type).lowerCore);
  if (type.names.length > MAX_SWITCH) {
    region.add(region.at(path));
    return region.keep(`${lower}(cx, ${value})`);
  }
  const index = region.program.name();
  region.add(`let ${index} = 0; switch (${value}) {`);
  type.names.forEach((name, i) => region.add(`case ${quote(name)}: ${index} = ${i}; break;`));
  region.add(`default: ${region.at(path)} ${lower}(cx, ${value}); }`);
  return index;
}

/** The pointer and the length of a string or list that is stored, as expressions. */
function lowerRange(region: Region, type: ValType, value: string, path: string): [string, string] {
  region.usesMemory = true;
  region.add(region.at(path));
  if (type.kind !== "list") {
    const ptr = region.keep(`storeString(cx, ${value})`);
    return [ptr, region.keep("storedUnits()")];
  }
  const view = numericView(type.element.kind);
  region.ranHost = true;
  if (view !== undefined) return storeNumbers(region, type, view, value);
  const values = region.keep(`toArray(${value}, ${region.program.constant(type)})`),
    length = region.keep(`${values}.length`);
  const call = region.listFunction("store", type, [values, length], storeElement);
  return [region.keep(call), length];
}

/** Opens a record or tuple and lowers each part as it is read. */
function parts(
  region: Region,
  type: OfKind<"record" | "tuple">,
  value: string,
  path: string,
  lower: (part: ValType, read: string, k: number, place: string) => string[],
): string[][] {
  const types = partTypes(type), places = items(type, region.program.codecs.memberNames).map((item) => path + item);
  region.ranHost = true;
  region.add(region.at(path));
  if (type.kind === "tuple") {
    const source = region.keep(`openTuple(${region.program.constant(type)}, ${value})`);
    return types.map((part, k) => {
      region.add(region.at(places[k]!));
      return lower(part, region.keep(`${source}[${k}]`), k, places[k]!);
    });
  }
  const shape = shapeOfRecord(type, region.program.codecs.memberNames), { keys, inherited } = shape;
  const constant = region.program.constant(shape);
  const source = region.keep(`${constant}.open(${value})`);
  return types.map((part, k) => {
    const read = region.program.name();
    const absent = inherited[k]!
      ? `(${read} === undefined || ${constant}.isInherited(${source}, ${k}, ${read}))`
      : `${read} === undefined`;
    region.add(region.at(places[k]!));
    region.add(`let ${read} = ${source}[${quote(keys[k]!)}];`);
    region.add(`if (${absent}) ${read} = ${constant}.absent(${source}, ${k});`);
    return lower(part, read, k, places[k]!);
  });
}

/** Finds the case of a value; `lower` is called for each, in its branch. */
function cases(
  region: Region,
  type: OfKind<"variant" | "option" | "result">,
  value: string,
  path: string,
  lower: (i: number, payload: { readonly type: ValType; readonly value: string } | undefined, item: string) => void,
): void {
  const { payloads, item } = shapeOf(type);
  const branch = (i: number, payload: string): void => {
    const part = payloads[i];
    lower(i, part && { type: part, value: payload }, item(i));
  };
  if (type.kind === "option" && type.element.kind !== "option") {
    region.add(`if (${value} === undefined || ${value} === null) {`);
    branch(0, "");
    region.add("} else {");
    branch(1, value);
    region.add("}");
    return;
  }
  region.ranHost = true;
  const constant = region.program.constant(type), tag = region.program.name();
  if (type.kind === "option") {
    region.add(`if (${value} === undefined || ${value} === null) {`), branch(0, ""), region.add("} else {");
  }
  region.add(region.at(path));
  region.add(`const ${tag} = typeof ${value} === "object" && ${value} !== null ? ${value}.tag : undefined;`);
  region.add(`switch (${tag}) {`);
  const names = type.kind === "variant"
    ? type.cases.map(({ name }) => name)
    : type.kind === "option"
    ? ["none", "some"]
    : ["ok", "err"];
  names.forEach((name, i) => {
    region.add(`case ${quote(name)}: {`);
    const payload = region.keep(`${value}.val`);
    if (payloads[i] === undefined) {
      const refuse = type.kind === "result"
        ? `refusePayload(${quote(name)}, ${payload})`
        : `unexpectedPayload(${quote(name)})`;
      region.add(`if (${payload} !== undefined) { ${region.at(path)} ${refuse}; }`);
    }
    branch(i, payload);
    region.add("break; }");
  });
  region.add(`default: ${region.at(path)} refuseTag(${constant}, ${value}, ${tag}); }`);
  if (type.kind === "option") region.add("}");
}

/** An element of a list, which may be an iterable of the host's: it is read, then stored. */
function storeElement(region: Region, element: ValType): void {
  region.add("at = -1;"); // the element itself
  const value = region.keep("values[i]");
  region.ranHost = true;
  store(region, element, value, "p", 0, "");
  region.flush();
}
