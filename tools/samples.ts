// deno task samples: compiles the playground's samples from C, with clang (Debian: clang, lld,
// wasi-libc) and wit-bindgen
// (Cargo: wit-bindgen-cli). Those are not on every machine: what each binary was made from is kept
// as a digest, and a test says
// whether it is current.

import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { must } from "./process.ts";

const directory = "examples/playground/samples";
/** Programs, each with the world of the same name. */
export const samples: readonly string[] = ["basket", "json", "mandelbrot", "site"];
const digests = `${directory}/digests.json`;

/**
 * A digest of what a sample is made from: its own files. The part of WASI's WIT that some use says
 * nothing new.
 */
export async function sampleDigest(sample: string): Promise<string> {
  const texts = await Promise.all(["c", "wit"].map((ending) => Deno.readTextFile(`${directory}/${sample}.${ending}`)));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(texts.join("\0")));
  return new Uint8Array(hash).toHex();
}

/** The digests that the committed binaries were made from. */
export async function recordedSampleDigests(): Promise<Record<string, string>> {
  return JSON.parse(await Deno.readTextFile(digests));
}

/** The sample's world, with what it uses of WASI: the packages that the tests' guests have. */
async function witOf(sample: string): Promise<string> {
  const own = await Deno.readTextFile(`${directory}/${sample}.wit`);
  if (!own.includes("wasi:")) return own;
  const all = await Deno.readTextFile("tests/wasi/guests/wasi.wit");
  return own + all.slice(all.indexOf("package wasi:io@"));
}

async function build(sample: string): Promise<void> {
  const bindings = await Deno.makeTempDir();
  try {
    const wit = `${bindings}/${sample}.wit`, core = `${bindings}/core.wasm`, witSource = await witOf(sample);
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
  const made: Record<string, string> = {};
  for (const sample of samples) {
    await build(sample);
    made[sample] = await sampleDigest(sample);
  }
  await Deno.writeTextFile(digests, `${JSON.stringify(made, undefined, 2)}\n`);
}
