// The parts that every binary format of WebAssembly is made of, as plain arrays of bytes: LEB128,
// vectors, names, sections.
// Spec: the core specification's "Binary Format: Values"; Binary.md uses the same.

/** A LEB128 integer; negative numbers come out signed. */
export function leb(value: number | bigint): number[] {
  let rest = BigInt(value);
  if (rest < 0n) return sleb(rest);
  const bytes: number[] = [];
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return bytes;
}

/** A signed LEB128 integer. */
export function sleb(value: number | bigint): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt(value);; rest >>= 7n) {
    const byte = Number(rest & 0x7fn), sign = (byte & 0x40) !== 0;
    if (rest >> 7n === (sign ? -1n : 0n)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

/** A vector: how many, then each. */
export function vec(items: readonly (readonly number[])[]): number[] {
  return [...leb(items.length), ...items.flat()];
}

const encoder = new TextEncoder();

/** A name: its length in bytes, then UTF-8. */
export function name(text: string): number[] {
  const bytes = encoder.encode(text);
  return [...leb(bytes.length), ...bytes];
}

/** A section: its id, its size, its contents. */
export function section(id: number, contents: readonly number[]): number[] {
  return [id, ...leb(contents.length), ...contents];
}
