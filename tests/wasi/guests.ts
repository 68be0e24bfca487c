// The guests of tests/wasi/guests.

/** The bytes of a guest. */
export function guest(name: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(new URL(`../wasi/guests/${name}.wasm`, import.meta.url));
}
