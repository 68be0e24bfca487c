// Functions from generated text, and their copies. Engines specialise a function by what it closes over only as long as its code has made
// one closure, and share what they learn between functions of the same text: one that runs for two instances takes three times as long.
// So who asks gets code of its own, up to a number for each text; beyond it they share, and nothing is compiled any more.
// Text in, functions out.

/** Functions of one text, where it is short and where it is long. */
const MAX_COPIES = 16, MAX_LONG_COPIES = 2;
/** Characters beyond which a text is long. */
const LONG = 6_000;
/** Characters of all texts that are remembered, each as often as there are functions of it: the oldest are forgotten first. */
const MAX_REMEMBERED = 1_000_000;

type Generated = (...args: unknown[]) => unknown;

interface Copies {
  readonly functions: Generated[];
  next: number;
}

const copiesOf = new Map<string, Copies>();
let remembered = 0;

/** A function with these parameters and this body: one that nobody else has, as long as there are not too many of that text. */
export function ownFunction(names: readonly string[], body: string): Generated {
  let copies = copiesOf.get(body);
  if (copies === undefined) copiesOf.set(body, copies = { functions: [], next: 0 });
  const { functions } = copies, most = body.length > LONG ? MAX_LONG_COPIES : MAX_COPIES;
  if (functions.length === most) return functions[copies.next++ % most]!;
  // The number makes the text another one.
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
