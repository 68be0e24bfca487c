// deno task samples: compiles the components of the examples from C, with clang (Debian: clang,
// lld, wasi-libc) and wit-bindgen (Cargo: wit-bindgen-cli). Those are not on every machine: what
// each binary was made from is kept as a digest, and a test says whether it is current.

import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { must } from "./process.ts";

/** Programs by their folder, each with the world of the same name. */
export const samples: Readonly<Record<string, readonly string[]>> = {
  "examples/playground/samples": ["basket", "json", "mandelbrot", "site"],
  "examples/wasi_more/guests": ["counter", "guestbook"],
};
const digestsOf = (directory: string): string => `${directory}/digests.json`;

/**
 * A digest of what a sample is made from: its own files. The part of WASI's WIT that some use says
 * nothing new.
 */
export async function sampleDigest(directory: string, sample: string): Promise<string> {
  const texts = await Promise.all(["c", "wit"].map((ending) => Deno.readTextFile(`${directory}/${sample}.${ending}`)));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(texts.join("\0")));
  return new Uint8Array(hash).toHex();
}

/** The digests that the committed binaries of a folder were made from. */
export async function recordedSampleDigests(directory: string): Promise<Record<string, string>> {
  return JSON.parse(await Deno.readTextFile(digestsOf(directory)));
}

/**
 * The sample's world, with what it uses of WASI unless it says that itself: as the tests' guests
 * have it.
 */
async function witOf(directory: string, sample: string): Promise<string> {
  const own = await Deno.readTextFile(`${directory}/${sample}.wit`);
  if (!own.includes("wasi:") || own.includes("package wasi:")) return own;
  const all = await Deno.readTextFile("tests/wasi/guests/wasi.wit");
  return own + all.slice(all.indexOf("package wasi:io@"));
}

async function build(directory: string, sample: string): Promise<void> {
  const bindings = await Deno.makeTempDir();
  try {
    const wit = `${bindings}/${sample}.wit`, core = `${bindings}/core.wasm`, witSource = await witOf(directory, sample);
    await Deno.writeTextFile(wit, witSource);
    await must(["wit-bindgen", "c", wit, "--world", sample, "--out-dir", bindings]);
    const flags = "--target=wasm32-wasi -mexec-model=reactor -Oz -Wall -Wl,--strip-all";
    const sources = [`${directory}/${sample}.c`, `${bindings}/${sample}.c`, `${bindings}/${sample}_component_type.o`];
    await must(["clang", ...flags.split(" "), `-I${bindings}`, "-o", core, ...sources]);
    const embedded = await componentEmbed({ binary: await Deno.readFile(core), witSource, world: sample });
    await Deno.writeFile(`${directory}/${sample}.wasm`, new Uint8Array(await componentNew(embedded, [])));
  } finally {
    await Deno.remove(bindings, { recursive: true });
  }
}

if (import.meta.main) {
  // Those that are named, or all of them.
  for (const directory of Object.keys(samples).filter((path) => Deno.args.every((wanted) => path.includes(wanted)))) {
    const made: Record<string, string> = {};
    for (const sample of samples[directory]!) {
      await build(directory, sample);
      made[sample] = await sampleDigest(directory, sample);
    }
    await Deno.writeTextFile(digestsOf(directory), `${JSON.stringify(made, undefined, 2)}\n`);
  }
}
