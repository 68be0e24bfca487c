// Makes functions from generated text, with copies.
// Engines optimise a function for the values that it closes over, but only while its code has made
// one closure, and functions of the same text share what engines learn. One function text that runs
// for two instances takes three times as long.
// So each request gets code of its own, up to a number of copies per text. Further requests share a
// copy, and nothing is compiled for them.
// Text enters, functions leave. A function that was written ahead of time enters like its text.

/** How many copies a text may have: a short one, and a long one. */
const MAX_COPIES = 16, MAX_LONG_COPIES = 2;
/** A text of more characters than this is long. */
const LONG = 6_000;
/**
 * Limit for the characters of all texts that are remembered, counted once per copy. The oldest text
 * is forgotten first.
 */
const MAX_REMEMBERED = 1_000_000;

type Generated = (...args: unknown[]) => unknown;

interface Copies {
  readonly functions: Generated[];
  next: number;
}

const copiesOf = new Map<string, Copies>();
let remembered = 0;

/** How many copies of a text there are at most. */
export function mostCopies(body: string): number {
  return body.length > LONG ? MAX_LONG_COPIES : MAX_COPIES;
}

/**
 * Gives a function with these parameters and this body. Nobody else has it, unless the text has its
 * maximum number of copies.
 */
export function ownFunction(names: readonly string[], body: string): Generated {
  let copies = copiesOf.get(body);
  if (copies === undefined) copiesOf.set(body, copies = { functions: [], next: 0 });
  const { functions } = copies, most = mostCopies(body);
  if (functions.length === most) return functions[copies.next++ % most]!;
  // The number makes this text different from the other copies.
  const made = new Function(...names, `"use strict";\n${body}\n// ${functions.length}`) as Generated;
  functions.push(made);
  remembered += body.length;
  for (const [oldest, { functions }] of copiesOf) {
    if (remembered <= MAX_REMEMBERED || oldest === body) break;
    copiesOf.delete(oldest);
    remembered -= oldest.length * functions.length;
  }
  return made;
}

/** How many requests there were for the copies of a written function. */
const taken = new WeakMap<object, number>();

/**
 * Gives a function that was written ahead of time, some number of times: each for who asks first, and
 * then copies of it. Without evaluation, those who ask later share them.
 */
export function ownCopy<F extends (...args: never[]) => unknown>(written: readonly F[], evaluates: boolean): F {
  const requests = taken.get(written) ?? 0, next = written[requests % written.length]!;
  taken.set(written, requests + 1);
  if (requests < written.length || !evaluates) return next;
  try {
    return ownFunction([], `return ${next};`)() as F;
  } catch (error) {
    if (error instanceof EvalError) return next; // a policy forbids it
    throw error;
  }
}
