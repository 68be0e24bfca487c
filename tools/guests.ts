// deno task guests [NAME…]: compiles the guests of tests/wasi/guests, or those that are named, from
// C, with clang (Debian: clang, lld, wasi-libc) and wit-bindgen (Cargo: wit-bindgen-cli).
// Those are not on every machine: what each binary was made from is kept as a digest, and a test
// says whether it is current.

import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { must } from "./process.ts";

const directory = "tests/wasi/guests";
/** Programs, each with the world of the same name. Those of WASI 0.3 begin with `p3_`. */
export const guests: readonly string[] = ["hello", "command", "count", "server", "p3_cat", "p3_server"];
const digests = `${directory}/digests.json`, headers = ["heap.h", "support.h", "words.h"];

/** The file with a guest's world. */
function witOf(guest: string): string {
  return guest.startsWith("p3_") ? "wasi3.wit" : "wasi.wit";
}

/** A digest of what a guest is made from. */
export async function sourceDigest(guest: string): Promise<string> {
  const names = [`${guest}.c`, ...headers, witOf(guest)];
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(`${directory}/${name}`)));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(texts.join("\0")));
  return new Uint8Array(hash).toHex();
}

/** The digests that the committed binaries were made from. */
export async function recordedDigests(): Promise<Record<string, string>> {
  return JSON.parse(await Deno.readTextFile(digests));
}

async function build(guest: string): Promise<void> {
  const bindings = await Deno.makeTempDir(), wit = `${directory}/${witOf(guest)}`, world = guest.replace("_", "-");
  try {
    await must(["wit-bindgen", "c", wit, "--world", world, "--out-dir", bindings]);
    const core = `${bindings}/core.wasm`;
    const flags = "--target=wasm32-wasi -mexec-model=reactor -Oz -nostdlib -fno-builtin -Wl,--no-entry -Wl,--strip-all";
    const include = [`-I${bindings}`, `-I${directory}`];
    const sources = [`${directory}/${guest}.c`, `${bindings}/${guest}.c`, `${bindings}/${guest}_component_type.o`];
    await must(["clang", ...flags.split(" "), ...include, "-o", core, ...sources]);
    const witSource = await Deno.readTextFile(wit);
    const embedded = await componentEmbed({ binary: await Deno.readFile(core), witSource, world });
    await Deno.writeFile(`${directory}/${guest}.wasm`, new Uint8Array(await componentNew(embedded, [])));
  } finally {
    await Deno.remove(bindings, { recursive: true });
  }
}

if (import.meta.main) {
  const named = Deno.args.length === 0 ? guests : Deno.args;
  const made: Record<string, string> = { ...await recordedDigests() };
  for (const guest of named) {
    await build(guest);
    made[guest] = await sourceDigest(guest);
  }
  await Deno.writeTextFile(digests, `${JSON.stringify(made, undefined, 2)}\n`);
}
