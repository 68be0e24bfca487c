// Function types whose lists of numbers are views of the guest's memory.
// The type of a function and what its host asks for enter. The same type with the marks of
// views leaves, one object for the same marks, so that its signature and its code are made once.

import { numericView } from "./scalar_rules.ts";
import { containsView, type FuncType, isView, type OfKind, type ValType, type ViewType } from "./types.ts";

const made = new WeakMap<FuncType, Map<string, FuncType>>();

/**
 * Marks the views among a function's parameters. `undefined` if there are none.
 *
 * @param wanted The parameters as the host function wants them. They are of the same types.
 */
export function withViews(type: FuncType, wanted: readonly ValType[]): FuncType | undefined {
  if (!wanted.some(containsView)) return undefined;
  const places: string[] = [];
  const params = type.params.map(({ name, type }, i) => ({ name, type: marked(type, wanted[i]!, `${i}`, places) }));
  return memoised(made, type, places, () => ({ ...type, params }));
}

const madeResults = new WeakMap<FuncType, Map<string, FuncType>>();

/** Marks the views in a function's result. Without any it is the type itself. */
export function withResultViews(type: FuncType, wanted: ValType | undefined): FuncType {
  if (type.result === undefined || wanted === undefined || !containsView(wanted)) return type;
  const places: string[] = [], result = marked(type.result, wanted, "", places);
  return memoised(madeResults, type, places, () => ({ ...type, result }));
}

/** One type for the same marks. */
function memoised(
  made: WeakMap<FuncType, Map<string, FuncType>>,
  type: FuncType,
  places: readonly string[],
  make: () => FuncType,
): FuncType {
  let known = made.get(type);
  if (known === undefined) made.set(type, known = new Map());
  const key = places.join();
  let viewed = known.get(key);
  if (viewed === undefined) known.set(key, viewed = make());
  return viewed;
}

/** Marks the parameters at some positions, if they are lists of numbers. */
export function withViewsAt(type: FuncType, positions: readonly number[]): FuncType | undefined {
  if (positions.length === 0) return undefined;
  const isNumbers = (param: ValType): boolean => param.kind === "list" && numericView(param.element.kind) !== undefined;
  const wanted = type.params.map(({ type }, i) => positions.includes(i) && isNumbers(type) ? view(type) : type);
  return withViews(type, wanted);
}

function view(type: ValType): ViewType {
  return { kind: "list", element: (type as OfKind<"list">).element, view: true };
}

/** Whether the elements of a stream, or the value of a future, are to contain views. */
export function hasLateView(type: ValType): boolean {
  if (!containsView(type)) return false;
  if (type.kind === "stream" || type.kind === "future") return true;
  return partsOf(type).some((part) => part !== undefined && hasLateView(part));
}

/** The parts that a view can be in. */
function partsOf(type: ValType): readonly (ValType | undefined)[] {
  switch (type.kind) {
    case "list":
    case "option":
    case "fixed-list":
      return [type.element];
    case "map":
      return [type.key, type.value];
    case "record":
      return type.fields.map((field) => field.type);
    case "tuple":
      return type.types;
    case "variant":
      return type.cases.map((part) => part.type ?? undefined);
    case "result":
      return [type.ok ?? undefined, type.err ?? undefined];
    default:
      return [];
  }
}

function marked(type: ValType, wanted: ValType, place: string, places: string[]): ValType {
  if (!containsView(wanted)) return type;
  if (isView(wanted)) {
    places.push(place);
    return view(type);
  }
  const wantedParts = partsOf(wanted);
  const parts = partsOf(type).map((part, i) => part && marked(part, wantedParts[i]!, `${place}.${i}`, places));
  return withParts(type, parts as readonly ValType[]);
}

/** The same type with other parts, in the order of `partsOf`. */
function withParts(type: ValType, parts: readonly ValType[]): ValType {
  switch (type.kind) {
    case "list":
    case "option":
    case "fixed-list":
      return { ...type, element: parts[0]! };
    case "map":
      return { ...type, key: parts[0]!, value: parts[1]! };
    case "record":
      return { ...type, fields: type.fields.map(({ name }, i) => ({ name, type: parts[i]! })) };
    case "tuple":
      return { ...type, types: parts };
    case "variant":
      return { ...type, cases: type.cases.map(({ name }, i) => ({ name, type: parts[i] })) };
    case "result":
      return { ...type, ok: parts[0], err: parts[1] };
    default:
      return type;
  }
}
