// Unknown names: the check for members of options objects, and the search for the known name that a
// misspelt one resembles.
// An options object and the known names enter, a TypeError that names the unknown member leaves.

import { describe } from "../../errors.ts";

/** Names longer than this are not compared. */
const MAX_ALIKE = 200;
/** A shorter name is the beginning of too many other names. */
const MIN_BEGINNING = 4;
/** At most this many names are compared. */
const MAX_COMPARED = 2000;

/** Gives the known name that is most similar to a wanted one, if any is similar enough. */
export function closest(wanted: string, known: Iterable<string>): string | undefined {
  let best: string | undefined, bestDistance = Math.max(3, Math.ceil(wanted.length / 3)), left = MAX_COMPARED;
  if (wanted.length > MAX_ALIKE) return undefined;
  for (const name of known) {
    if (left-- === 0) break;
    if (name.length > MAX_ALIKE) continue;
    // A name that begins with the other one is similar, however long the rest is.
    const begins = wanted.length >= MIN_BEGINNING && name.startsWith(wanted);
    const distance = begins ? 1 : editDistance(wanted, name, bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** The Levenshtein distance, or `limit` if it is not below the limit. */
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

/** The members of an options type. TypeScript reports an error if a list lacks one. */
export type Known<T> = { readonly [K in keyof Required<T>]: true };

/**
 * Throws for an options object with an unknown member. It is probably misspelt, and without this
 * check the option that was meant would silently keep its default.
 *
 * @param what The kind of member, for the message: `option of compile`, `limit`.
 * @param given The options, or `undefined`.
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
