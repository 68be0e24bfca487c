// deno task guests: compiles the guests of tests/wasi/guests from C, with clang (Debian: clang,
// lld, wasi-libc) and wit-bindgen (Cargo: wit-bindgen-cli).
// Those are not on every machine: what each binary was made from is kept as a digest, and a test
// says whether it is current.

import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { must } from "./process.ts";

const directory = "tests/wasi/guests";
/** Programs, each with the world of the same name. */
export const guests: readonly string[] = ["hello", "command", "count", "server"];
const digests = `${directory}/digests.json`;

/** A digest of what a guest is made from. */
export async function sourceDigest(guest: string): Promise<string> {
  const names = [`${guest}.c`, "support.h", "wasi.wit"];
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(`${directory}/${name}`)));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(texts.join("\0")));
  return new Uint8Array(hash).toHex();
}

/** The digests that the committed binaries were made from. */
export async function recordedDigests(): Promise<Record<string, string>> {
  return JSON.parse(await Deno.readTextFile(digests));
}

async function build(guest: string): Promise<void> {
  const bindings = await Deno.makeTempDir();
  try {
    await must(["wit-bindgen", "c", `${directory}/wasi.wit`, "--world", guest, "--out-dir", bindings]);
    const core = `${bindings}/core.wasm`;
    const flags = "--target=wasm32-wasi -mexec-model=reactor -Oz -nostdlib -fno-builtin -Wl,--no-entry -Wl,--strip-all";
    const include = [`-I${bindings}`, `-I${directory}`];
    const sources = [`${directory}/${guest}.c`, `${bindings}/${guest}.c`, `${bindings}/${guest}_component_type.o`];
    await must(["clang", ...flags.split(" "), ...include, "-o", core, ...sources]);
    const witSource = await Deno.readTextFile(`${directory}/wasi.wit`);
    const embedded = await componentEmbed({ binary: await Deno.readFile(core), witSource, world: guest });
    await Deno.writeFile(`${directory}/${guest}.wasm`, new Uint8Array(await componentNew(embedded, [])));
  } finally {
    await Deno.remove(bindings, { recursive: true });
  }
}

if (import.meta.main) {
  const made: Record<string, string> = {};
  for (const guest of guests) {
    await build(guest);
    made[guest] = await sourceDigest(guest);
  }
  await Deno.writeTextFile(digests, `${JSON.stringify(made, undefined, 2)}\n`);
}
