// Unknown names: the one rule for members of options objects, and which known name a misspelt one is like.
// An options object and the names that are known in; a TypeError that names the unknown member out.

import { describe } from "../../errors.ts";

/** Names longer than this are not compared. */
const MAX_ALIKE = 200;
/** A shorter name is the beginning of too many. */
const MIN_BEGINNING = 4;
/** No more names than this are compared. */
const MAX_COMPARED = 2000;

/** The known name that is most like a wanted one, if any is alike. */
export function closest(wanted: string, known: Iterable<string>): string | undefined {
  let best: string | undefined, bestDistance = Math.max(3, Math.ceil(wanted.length / 3)), left = MAX_COMPARED;
  if (wanted.length > MAX_ALIKE) return undefined;
  for (const name of known) {
    if (left-- === 0) break;
    if (name.length > MAX_ALIKE) continue;
    // One that begins with the other is alike, however long the rest is.
    const begins = wanted.length >= MIN_BEGINNING && name.startsWith(wanted);
    const distance = begins ? 1 : editDistance(wanted, name, bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** Levenshtein distance, or `limit` if it is not below. */
function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) >= limit) return limit;
  let row = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let k = 1; k <= right.length; k++) {
      next.push(Math.min(row[k]! + 1, next[k - 1]! + 1, row[k - 1]! + (left[i - 1] === right[k - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[right.length]!;
}

/** The members of an options type, each once: TypeScript refuses a list that lacks one. */
export type Known<T> = { readonly [K in keyof Required<T>]: true };

/**
 * Refuses an options object with a member that nobody reads: it was misspelt, and what it was meant to set would keep its default
 * without a word.
 *
 * @param what `option of compile`, `limit`: what a member is.
 * @param given The options; `undefined` is none.
 * @param known Their names.
 * @throws TypeError that names the unknown member and the closest known one.
 */
export function checkKnown(what: string, given: unknown, known: Readonly<Record<string, true>>): void {
  if (given === undefined) return;
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`${what}: expected an object of them, found ${describe(given)}`);
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(known, name)) continue;
    const names = Object.keys(known), near = closest(name, names);
    const hint = near === undefined ? `expected ${names.join(", ")}` : `the closest one is \`${near}\``;
    throw new TypeError(`unknown ${what} \`${name}\`; ${hint}`);
  }
}
