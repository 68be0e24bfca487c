// deno task guests [c | rust]: compiles the guests of tests/wasi/guests from C, with clang (Debian:
// clang, lld, wasi-libc) and wit-bindgen (Cargo: wit-bindgen-cli), and those in its folder p3 from
// Rust (rust_guests.ts).
// Those are not on every machine: what each binary was made from is kept as a digest, and a test
// says whether it is current.

import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { must } from "./process.ts";
import { buildRust, rustGuests, rustSources } from "./rust_guests.ts";

const directory = "tests/wasi/guests";
/** Programs in C, each with the world of the same name. */
const programs: readonly string[] = ["hello", "command", "count", "server"];
/** All guests. */
export const guests: readonly string[] = [...programs, ...rustGuests];
const digests = `${directory}/digests.json`;

/** A digest of what a guest is made from. */
export async function sourceDigest(guest: string): Promise<string> {
  const sources = rustGuests.includes(guest)
    ? rustSources(guest)
    : [`${guest}.c`, "support.h", "wasi.wit"].map((name) => `${directory}/${name}`);
  const texts = await Promise.all(sources.map((path) => Deno.readTextFile(path)));
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
  const [which] = Deno.args, made = await recordedDigests();
  if (which !== "rust") { for (const guest of programs) await build(guest); }
  if (which !== "c") await buildRust();
  const built = which === "c" ? programs : which === "rust" ? rustGuests : guests;
  for (const guest of built) made[guest] = await sourceDigest(guest);
  await Deno.writeTextFile(digests, `${JSON.stringify(made, undefined, 2)}\n`);
}
