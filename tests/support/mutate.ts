// Mutants of valid components: bytes changed anywhere, or in one section whose size is then put
// right, or sections moved about. A seed and a number say what is done, so that every mutant can be
// made again. Only sections are understood, not what is in them.

import { leb } from "./bytes.ts";

/** The next of a sequence of numbers from 0 to below `limit`. */
export type Random = (limit: number) => number;

/** Numbers that depend on a seed and the number of a mutant, and on nothing else (splitmix32). */
export function randomOf(seed: number, index: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  return (limit) => {
    state = (state + 0x9e3779b9) | 0;
    let bits = state ^ (state >>> 16);
    bits = Math.imul(bits, 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    return Math.floor(((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32 * limit);
  };
}

function concat(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

// Sections.

/** A section: its id, and its bytes, or the sections of the component in it. */
export interface Section {
  readonly id: number;
  readonly body: Uint8Array | Section[];
}

const CORE_MODULE = 1, COMPONENT = 4;
const PREAMBLE = 8;

/** The sections of a component, those of nested ones inside; `undefined` where sizes do not fit. */
export function parseSections(bytes: Uint8Array): Section[] | undefined {
  if (bytes.length < PREAMBLE || bytes[4] !== 0x0d) return undefined;
  const sections: Section[] = [];
  for (let at = PREAMBLE; at < bytes.length;) {
    const id = bytes[at++]!;
    let size = 0, shift = 0, byte = 0x80;
    for (; byte >= 0x80 && shift < 35 && at < bytes.length; shift += 7) {
      size += ((byte = bytes[at++]!) & 0x7f) * 2 ** shift;
    }
    if (byte >= 0x80 || at + size > bytes.length) return undefined;
    const body = bytes.subarray(at, at + size);
    sections.push({ id, body: id === COMPONENT ? parseSections(body) ?? body : body });
    at += size;
  }
  return sections;
}

/** The component that has these sections. */
export function encodeSections(sections: readonly Section[]): Uint8Array<ArrayBuffer> {
  return concat([
    [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0],
    ...sections.flatMap(({ id, body }) => {
      const bytes = body instanceof Uint8Array ? body : encodeSections(body);
      return [[id, ...leb(bytes.length)], bytes];
    }),
  ]);
}

/** The same section with lists of its own: it may be put anywhere, even into itself. */
function copyOf({ id, body }: Section): Section {
  return { id, body: body instanceof Uint8Array ? body : body.map(copyOf) };
}

/** Every list of sections in a component: its own, those of nested components. */
function scopes(sections: Section[]): Section[][] {
  return [sections, ...sections.flatMap(({ body }) => body instanceof Uint8Array ? [] : scopes(body))];
}

/** The core modules in a component. */
export function coreModulesOf(bytes: Uint8Array): Uint8Array[] {
  const sections = parseSections(bytes);
  if (sections === undefined) return [];
  return scopes(sections).flat().flatMap(({ id, body }) =>
    id === CORE_MODULE && body instanceof Uint8Array ? [body] : []
  );
}

/** Bytes as a key: their number and two hashes. */
export function keyOf(bytes: Uint8Array): string {
  let hash = 0x811c9dc5, mixed = 0;
  for (const byte of bytes) {
    hash = Math.imul(hash ^ byte, 0x01000193);
    mixed = (Math.imul(mixed, 31) + byte) | 0;
  }
  return `${bytes.length} ${hash} ${mixed}`;
}

// Bytes.

const interesting = [0, 1, 2, 3, 4, 5, 0x0f, 0x10, 0x3f, 0x40, 0x41, 0x42, 0x43, 0x7f, 0x80, 0xff];
const bigLebs: readonly (readonly number[])[] = [
  leb(127),
  leb(128),
  leb(1000),
  leb(10_001),
  leb(2 ** 28 - 1),
  leb(2 ** 31),
  leb(2 ** 32 - 1),
  [0x80, 0x00],
  [0x81, 0x80, 0x80, 0x80, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0x7f],
];

type ByteMutation = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array<ArrayBuffer>;

/** Replaces a range. */
function splice(bytes: Uint8Array, at: number, count: number, by: ArrayLike<number> & Iterable<number>) {
  return concat([bytes.subarray(0, at), Uint8Array.from(by), bytes.subarray(at + count)]);
}

function replaced(change: (byte: number, random: Random) => number): ByteMutation {
  return (bytes, random) => {
    const copy = new Uint8Array(bytes), at = random(copy.length);
    if (copy.length > 0) copy[at] = change(copy[at]!, random);
    return copy;
  };
}

/** A range of up to 16 bytes. */
function chunk(bytes: Uint8Array, random: Random): { at: number; part: Uint8Array } {
  const at = random(bytes.length), size = 1 + random(Math.min(16, Math.max(1, bytes.length - at)));
  return { at, part: bytes.slice(at, at + size) };
}

const byteMutations: readonly ByteMutation[] = [
  replaced((byte, random) => byte ^ (1 << random(8))),
  replaced((_, random) => random(256)),
  replaced((_, random) => interesting[random(interesting.length)]!),
  replaced((byte) => byte + 1),
  replaced((byte) => byte - 1),
  replaced((_, random) => random(16)),
  (bytes, random) =>
    splice(bytes, random(bytes.length + 1), 0, Array.from({ length: 1 + random(4) }, () => random(256))),
  (bytes, random) => splice(bytes, random(bytes.length + 1), 1 + random(4), []),
  (bytes, random) => splice(bytes, random(bytes.length), 1, bigLebs[random(bigLebs.length)]!),
  (bytes, random) => splice(bytes, random(bytes.length), 0, chunk(bytes, random).part),
  (bytes, random) => {
    const { at, part } = chunk(bytes, random), to = random(bytes.length - part.length + 1);
    const copy = new Uint8Array(bytes);
    copy.copyWithin(at, to, to + part.length);
    copy.set(part, to);
    return copy;
  },
  (bytes, random) => bytes.slice(0, random(bytes.length + 1)),
  // What starts as one thing ends as another.
  (bytes, random, other) =>
    concat([bytes.subarray(0, random(bytes.length + 1)), other.subarray(random(other.length + 1))]),
  (bytes, random, other) => splice(bytes, random(bytes.length), 0, chunk(other, random).part),
];

/** How many times more to change something: mostly once. */
function times(random: Random): number {
  let count = 1;
  while (count < 5 && random(3) === 0) count++;
  return count;
}

function mutateBytes(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array<ArrayBuffer> {
  return byteMutations[random(byteMutations.length)]!(bytes, random, other);
}

// Mutants.

/** A vector's items of two sections of one kind in one section: small counts only. */
function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  return concat([[left[0]! + right[0]! & 0x7f], left.subarray(1), right.subarray(1)]);
}

/** Moves, copies, drops and exchanges sections of one component. */
function mutateSections(sections: Section[], random: Random, others: readonly Section[]): void {
  const at = random(sections.length), to = random(sections.length + 1);
  const other = others[random(others.length)];
  switch (random(6)) {
    case 0:
      sections.splice(to, 0, ...sections.splice(at, 1));
      break;
    case 1:
      sections.splice(at, 1);
      break;
    case 2:
      if (sections.length > 0) sections.splice(to, 0, copyOf(sections[at]!));
      break;
    case 3:
      if (other !== undefined) sections.splice(to, 0, copyOf(other));
      break;
    case 4:
      sections.length = to;
      break;
    case 5: {
      const { id = 0, body } = sections[at] ?? {};
      const like = others.find((each) => each.id === id)?.body;
      if (id > COMPONENT && body instanceof Uint8Array && like instanceof Uint8Array) {
        sections[at] = { id, body: joined(body, like) };
      }
    }
  }
}

/** Changes the bytes of one section, of core modules only if told to. */
function mutateBody(sections: Section[], random: Random, others: readonly Section[], core: boolean): void {
  const places = scopes(sections).flatMap((scope) =>
    scope.flatMap(({ id, body }, i) =>
      body instanceof Uint8Array && (id === CORE_MODULE ? core : id !== 0 || random(8) === 0)
        ? [{ scope, i, id, body }]
        : []
    )
  );
  const place = places[random(places.length)];
  if (place === undefined) return;
  const like = others.filter((each) => each.id === place.id && each.body instanceof Uint8Array);
  const other = like[random(like.length)]?.body as Uint8Array | undefined;
  place.scope[place.i] = { id: place.id, body: mutateBytes(place.body, random, other ?? place.body) };
}

/** A mutant of one of the components, made of two at times. */
export function mutant(corpus: readonly Uint8Array[], seed: number, index: number): Uint8Array<ArrayBuffer> {
  const random = randomOf(seed, index);
  const original = corpus[random(corpus.length)]!, other = corpus[random(corpus.length)]!;
  const sections = parseSections(original);
  const count = times(random), core = random(4) === 0;
  if (sections === undefined || random(5) === 0) {
    let bytes: Uint8Array<ArrayBuffer> = new Uint8Array(original);
    for (let i = 0; i < count && bytes.length > 0; i++) bytes = mutateBytes(bytes, random, other);
    return bytes;
  }
  const others = scopes(parseSections(random(2) === 0 ? other : original) ?? []).flat();
  for (let i = 0; i < count; i++) {
    if (random(4) > 0) mutateBody(sections, random, others, core);
    else {
      const all = scopes(sections);
      mutateSections(all[random(all.length)]!, random, others);
    }
  }
  return encodeSections(sections);
}

/**
 * Makes a component smaller as long as it still fails: leaves out sections, then bytes of sections.
 * Takes up to 20 s.
 */
export function reduce(
  bytes: Uint8Array<ArrayBuffer>,
  fails: (bytes: Uint8Array<ArrayBuffer>) => boolean,
): Uint8Array<ArrayBuffer> {
  const end = performance.now() + 20_000;
  let best = bytes;
  function attempt(change: (sections: Section[]) => void): boolean {
    const sections = parseSections(best);
    if (sections === undefined || performance.now() > end) return false;
    change(sections);
    const smaller = encodeSections(sections);
    if (smaller.length >= best.length || !fails(smaller)) return false;
    best = smaller;
    return true;
  }
  const scopesOf = (): Section[][] => scopes(parseSections(best) ?? []);
  for (let changed = true; changed;) {
    changed = false;
    for (let scope = scopesOf().length - 1; scope >= 0; scope--) {
      for (let i = (scopesOf()[scope]?.length ?? 0) - 1; i >= 0; i--) {
        if (attempt((sections) => scopes(sections)[scope]?.splice(i, 1))) changed = true;
      }
    }
    for (let scope = scopesOf().length - 1; scope >= 0; scope--) {
      for (let i = (scopesOf()[scope]?.length ?? 0) - 1; i >= 0; i--) {
        const body = scopesOf()[scope]?.[i]?.body;
        if (!(body instanceof Uint8Array) || body.length > 2000) continue;
        for (let size = Math.min(64, body.length); size >= 1; size >>= 1) {
          for (let at = body.length - size; at >= 0; at -= size) {
            const shrunk = attempt((sections) => {
              const of = scopes(sections)[scope]!, section = of[i]!;
              of[i] = { id: section.id, body: splice(section.body as Uint8Array, at, size, []) };
            });
            if (shrunk) changed = true;
          }
        }
      }
    }
  }
  return best;
}
