// Functions from generated text, and their copies. Engines specialise a function by what it closes over only as long as its code has made
// one closure, and share what they learn between functions of the same text: one that runs for two instances takes three times as long.
// So who asks gets code of its own, up to a number for each text; beyond it they share, and nothing is compiled any more.
// Text in, functions out.

/** Functions of one text. */
const MAX_COPIES = 16;
/** Texts that are remembered; those of all components in the process. */
const MAX_TEXTS = 2000;

type Generated = (...args: unknown[]) => unknown;

interface Copies {
  readonly functions: Generated[];
  next: number;
}

const copiesOf = new Map<string, Copies>();

/** A function with these parameters and this body: one that nobody else has, as long as there are not too many of that text. */
export function ownFunction(names: readonly string[], body: string): Generated {
  let copies = copiesOf.get(body);
  if (copies === undefined) {
    if (copiesOf.size >= MAX_TEXTS) copiesOf.clear();
    copiesOf.set(body, copies = { functions: [], next: 0 });
  }
  const { functions } = copies;
  if (functions.length === MAX_COPIES) return functions[copies.next++ % MAX_COPIES]!;
  // The number makes the text another one.
  const made = new Function(...names, `"use strict";\n${body}\n// ${functions.length}`) as Generated;
  functions.push(made);
  return made;
}
