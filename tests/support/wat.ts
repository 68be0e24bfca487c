// The toolchain's own encoder, from npm: WAT → binary, and core module + WIT → component.

import { componentEmbed, componentNew, parse, print } from "@bytecodealliance/jco-transpile/wasm-tools";

/** Encodes a module or component in the text format. */
export async function wat(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await parse(text));
}

/** Prints a binary in the text format. */
export async function unwat(bytes: Uint8Array): Promise<string> {
  return await print(bytes);
}

/** Makes a component from core WAT and a WIT world, as toolchains do. */
export async function componentOf(
  core: string,
  wit: string,
  options: { world?: string; stringEncoding?: "utf8" | "utf16" | "compact-utf16" } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const embedded = await componentEmbed({ binary: await parse(core), witSource: wit, ...options });
  return new Uint8Array(await componentNew(embedded, []));
}

/**
 * Makes a component of a world, with a core module that traps: its imports and exports are the
 * world's.
 */
export async function componentOfWit(wit: string, world: string): Promise<Uint8Array<ArrayBuffer>> {
  const embedded = await componentEmbed({ witSource: wit, dummy: true, world });
  return new Uint8Array(await componentNew(embedded, []));
}
