// The guests of tests/wasi/guests/p3: compiled from Rust with Cargo and the crate wit-bindgen, made
// components, some of them put together with wac (Cargo: wac-cli).
//
// The compiler and the sources of its standard library come from Debian's packages, which carry the
// compiler that browsers are built with: rustup's targets for WebAssembly cannot be downloaded on
// every machine. They are unpacked under tests/.build, since as installed packages they would take
// the place of Debian's other Rust. Cargo is whichever is there.

import { componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { aloud, must } from "./process.ts";

const directory = "tests/wasi/guests/p3";
/** Debian's packages: compiler, its libraries, linker, and the sources of the standard library. */
const packages = [
  ...["rustc-web", "libstd-rust-web-dev", "libstd-rust-web-1.96", "libllvm22"],
  ...["lld-22", "rust-web-src"],
];
const target = "wasm32-unknown-unknown";

/** Programs, each with the world of the same name. */
const programs: readonly string[] = [
  "command",
  "copier",
  "echo_server",
  "tcp_client",
  "handler",
  "proxy",
  "middleware",
  "words",
  "older",
  "runs_older",
  "virtual_cli",
  "virtual_files",
];

/** Components put together: what the first one imports, the second one exports. */
const compositions: Readonly<Record<string, readonly [string, string]>> = {
  handler_behind_middleware: ["middleware", "handler"],
  older_with_words: ["older", "words"],
  runs_count: ["runs_older", "../count"],
  command_in_virtual_cli: ["command", "virtual_cli"],
  copier_in_virtual_files: ["copier", "virtual_files"],
};

/** All of them, by their names below tests/wasi/guests. */
export const rustGuests: readonly string[] = [...programs, ...Object.keys(compositions)].map((name) => `p3/${name}`);

/** The files that a guest is made from. */
export function rustSources(guest: string): readonly string[] {
  const name = guest.slice("p3/".length), parts = compositions[name];
  if (parts !== undefined) return [...new Set(parts.flatMap((part) => sourcesOf(part)))];
  return sourcesOf(name);
}

function sourcesOf(program: string): readonly string[] {
  // A guest in C is a part as it is: it has a digest of its own.
  if (!programs.includes(program)) return [`${directory}/${program}.c`];
  const shared = ["support.rs", "wasi.wit", "words.wit", "older.wit", "Cargo.toml", "Cargo.lock"];
  return [`${program}.rs`, ...shared].map((name) => `${directory}/${name}`);
}

/** Unpacks the compiler, unless it is there; gives its directory. */
async function compiler(): Promise<string> {
  const rust = `${Deno.cwd()}/tests/.build/rust`;
  if (await Deno.stat(`${rust}/usr/bin/rustc`).catch(() => undefined)) return rust;
  const archives = await Deno.makeTempDir();
  try {
    await must(["apt-get", "download", ...packages], { cwd: archives });
    await Deno.mkdir(rust, { recursive: true });
    // In this order the compiler comes last: where it is, everything else is, too.
    const names = (await Array.fromAsync(Deno.readDir(archives), ({ name }) => name)).sort();
    for (const name of names) await must(["dpkg", "-x", `${archives}/${name}`, rust]);
  } finally {
    await Deno.remove(archives, { recursive: true });
  }
  return rust;
}

/** Compiles the programs and makes components of them. */
export async function buildRust(): Promise<void> {
  const rust = await compiler(), built = `${Deno.cwd()}/tests/.build/p3-guests`;
  const env = {
    RUSTC: `${rust}/usr/bin/rustc`,
    LD_LIBRARY_PATH: `${rust}/usr/lib/x86_64-linux-gnu`,
    // The standard library is compiled with the guests, which a released compiler must be told to do.
    RUSTC_BOOTSTRAP: "1",
    // No message of a panic, nor the place in a source file, is part of a guest.
    RUSTFLAGS: "-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none",
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: `${rust}/usr/lib/llvm-22/bin/wasm-ld`,
    CARGO_TARGET_DIR: built,
  };
  const library = ["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"];
  const options = ["--release", "--locked", "--examples", "--target", target, ...library];
  await must(["cargo", "build", ...options], { cwd: directory, env, ...aloud });
  for (const name of programs) {
    const core = await Deno.readFile(`${built}/${target}/release/examples/${name}.wasm`);
    await Deno.writeFile(`${directory}/${name}.wasm`, new Uint8Array(await componentNew(core, [])));
  }
  const file = (name: string): string => `${directory}/${name}.wasm`;
  for (const [name, [socket, plug]] of Object.entries(compositions)) {
    await must(["wac", "plug", file(socket), "--plug", file(plug), "-o", file(name)]);
  }
}
