// Which component instances a call enters, and which calls are allowed at all: instances are nested,
// and a call enters those around the callee that the caller is not in.
// Instances enter, as objects or by their numbers, and what gives the one around each.
// Spec: definitions.py `ComponentInstance.entering_set`.

/**
 * Whether an instance may call itself, an instance nested in it, or an instance around it.
 * `entering_set` at the pinned commit would allow this. The conformance suite of that commit
 * expects a trap "for now", and Wasmtime traps.
 */
export const DONUT_WRAPPING = false as boolean;
/** Gives the instance around another. */
type ParentOf<T> = (inst: T) => T | undefined;

function isWithin<T>(inst: T, other: T, parentOf: ParentOf<T>): boolean {
  for (let around: T | undefined = inst; around !== undefined; around = parentOf(around)) {
    if (around === other) return true;
  }
  return false;
}

/** Whether core functions of one instance may call those of another at all. */
export function mayCall<T>(caller: T, callee: T, parentOf: ParentOf<T>): boolean {
  return DONUT_WRAPPING || !isWithin(caller, callee, parentOf) && !isWithin(callee, caller, parentOf);
}

/** `entering_set`: the callee and what is around it, without what the caller is in. Innermost first. */
export function enteringSet<T>(callee: T, caller: T | undefined, parentOf: ParentOf<T>): T[] {
  const callers = new Set<T>(), entering: T[] = [];
  for (let inst = caller; inst !== undefined; inst = parentOf(inst)) callers.add(inst);
  for (let inst: T | undefined = callee; inst !== undefined; inst = parentOf(inst)) {
    if (!callers.has(inst)) entering.push(inst);
  }
  return entering;
}
