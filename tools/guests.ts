// deno task guests [NAME…]: compiles the guests of tests/wasi/guests, or those that are named, from
// C, with clang (Debian: clang, lld, wasi-libc) and wit-bindgen (Cargo: wit-bindgen-cli), and those in
// its folder p3 from Rust (rust_guests.ts), all of them by the name `rust`.
// Those are not on every machine: what each binary was made from is kept as a digest, and a test
// says whether it is current.

import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { must } from "./process.ts";
import { buildRust, rustGuests, rustSources } from "./rust_guests.ts";

const directory = "tests/wasi/guests";
/** Programs in C, each with the world of the same name. Those of WASI 0.3 begin with `p3_`. */
const programs: readonly string[] = ["hello", "command", "count", "server", "p3_cat", "p3_server"];
/** All guests. */
export const guests: readonly string[] = [...programs, ...rustGuests];
const digests = `${directory}/digests.json`, headers = ["heap.h", "support.h", "words.h"];

/** The file with a guest's world. */
function witOf(guest: string): string {
  return guest.startsWith("p3_") ? "wasi3.wit" : "wasi.wit";
}

/** A digest of what a guest is made from. */
export async function sourceDigest(guest: string): Promise<string> {
  const sources = rustGuests.includes(guest)
    ? rustSources(guest)
    : [`${guest}.c`, ...headers, witOf(guest)].map((name) => `${directory}/${name}`);
  const texts = await Promise.all(sources.map((path) => Deno.readTextFile(path)));
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
  const named = Deno.args.length === 0 ? [...programs, "rust"] : Deno.args, made = await recordedDigests();
  for (const guest of named) {
    if (guest === "rust") await buildRust();
    else await build(guest);
    for (const built of guest === "rust" ? rustGuests : [guest]) made[built] = await sourceDigest(built);
  }
  await Deno.writeTextFile(digests, `${JSON.stringify(made, undefined, 2)}\n`);
}
