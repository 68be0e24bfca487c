// deno task test:toolchains: programs in C and Rust, as Debian's toolchains compile them, through
// the adapter for WASI preview 1 that jco ships. Not part of `deno task test`: the toolchains must
// be there (`apt-get install clang lld wasi-libc libclang-rt-dev-wasm32 rustc
// libstd-rust-dev-wasm32`).

import { assert, assertEquals } from "@std/assert";
import { componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { run } from "@windlass/component/wasi";
import { must } from "../../tools/process.ts";
import { check, finish } from "../support/checks.ts";

const here = new URL(".", import.meta.url).pathname;
const adapter = await Deno.readFile(
  new URL("../lib/wasi_snapshot_preview1.command.wasm", import.meta.resolve("@bytecodealliance/jco")),
);
const scratch = await Deno.makeTempDir();

const compilers: Readonly<Record<string, (source: string, out: string) => Promise<unknown>>> = {
  c: (source, out) => must(["clang", "--target=wasm32-wasi", "-O2", "-Wl,--strip-all", "-o", out, source]),
  // Debian's, whatever others there are: rustup has no targets to download here.
  rs: (source, out) =>
    must([
      "/usr/bin/rustc",
      ...["--target", "wasm32-wasi", "-C", "opt-level=2"],
      ...["-C", "linker=/usr/bin/wasm-ld", "-C", "linker-flavor=wasm-ld", "-o", out, source],
    ]),
};

/** Compiles a program and makes a component of it; gives its path. */
async function build(name: string): Promise<string> {
  const core = `${scratch}/${name}.core.wasm`, path = `${scratch}/${name}.wasm`;
  await compilers[name.split(".")[1]!]!(here + name, core);
  const made = await componentNew(await Deno.readFile(core), [["wasi_snapshot_preview1", adapter]]);
  await Deno.writeFile(path, new Uint8Array(made));
  return path;
}

const expected: Readonly<Record<string, readonly string[]>> = {
  "files.c": [
    ...["arg x", "arg y z", "env b none", "exclusive 1", "line hello file", "line appended", "again hello FILE"],
    ...["size 5 regular 1", "link 1", "entries 4", "gone 1", "outside 1", "slept 1 epoch 1", "stdin some input"],
  ],
  "files.rs": [
    ...['args ["x", "y z"]', 'env [("A", "b")]', "line hello file", "line second line", "line appended"],
    ...['text "hello FILE\\nsecond line\\nappended\\n"', 'entry "deep" true', "metadata 32 true", "missing NotFound"],
    ...["outside true true", "copied 32", "left 0", "slept true", "epoch true", 'stdin "some input"'],
  ],
};

for (const [name, lines] of Object.entries(expected)) {
  await check(`${name} does with files what it does natively`, async () => {
    const data = `${scratch}/data`;
    await Deno.mkdir(data);
    const { exitCode, stdout, stderr } = await run(Deno.readFile(await build(name)), {
      args: [name, "x", "y z"],
      env: { A: "b" },
      stdin: "some input",
      stdout: "capture",
      stderr: "capture",
      preopens: { "/data": data },
    });
    const decoder = new TextDecoder();
    assertEquals(decoder.decode(stderr), "to stderr\n");
    assertEquals(decoder.decode(stdout).trimEnd().split("\n"), lines);
    assertEquals(exitCode, 1); // `wasi:cli/exit#exit` tells success or failure only
    assertEquals([...Deno.readDirSync(data)], []);
    await Deno.remove(data);
  });
  await check(`${name} without a preopen fails as a program does`, async () => {
    const { exitCode } = await run(Deno.readFile(`${scratch}/${name}.wasm`), { args: [name], env: { A: "b" } });
    assertEquals(exitCode, 1);
  });
}
await check("hello.c is small, and runs in a process of its own", async () => {
  const path = await build("hello.c");
  assert((await Deno.stat(path)).size <= 100_000);
  const cli = new URL("../../host/cli.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", cli, "run", path] }).output();
  assertEquals(new TextDecoder().decode(stdout), "hello, world\n");
});

if (Deno.args.includes("--keep")) console.log(`programs are in ${scratch}`);
else await Deno.remove(scratch, { recursive: true });
finish();
