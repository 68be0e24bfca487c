// What tells a module from others that have the same imports and exports: an engine's module has its
// custom sections, but not its bytes.

/** The length of a module and two hashes of it, as text. */
export function identityOf(module: Uint8Array): string {
  let one = 0x811c9dc5, other = 0;
  for (const byte of module) {
    one = Math.imul(one ^ byte, 0x01000193);
    other = (Math.imul(other, 31) + byte) | 0;
  }
  const hex = (hash: number): string => (hash >>> 0).toString(16).padStart(8, "0");
  return `${module.length} bytes, ${hex(one)}${hex(other)}`;
}
