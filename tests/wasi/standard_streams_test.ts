// Standard streams of this process: pipes, files, terminals, closed and non-blocking descriptors,
// in the runtime that runs the tests.
// A case starts this very file once more, in a process with such descriptors: `child` is what it
// does there.

import { assert, assertEquals } from "@std/assert";
import { spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { run, wasi } from "@windlass/component/wasi";
import { guest } from "./guests.ts";
import { type Any, isErr, text, withDirectory } from "./support.ts";

/** What a child does, and with which descriptors. */
interface Task {
  readonly what: "cat" | "report";
  /** Whether `process.stdin` is touched before, which makes it non-blocking in Node. */
  readonly touch?: boolean;
  /** Descriptors that are made non-blocking before. */
  readonly nonBlocking?: readonly number[];
  readonly plain?: boolean;
}

const TASK = "WINDLASS_STREAMS_TASK";
const here = fileURLToPath(import.meta.url);
const { Bun } = globalThis as Any;
const inDeno = (globalThis as Any).Deno.version !== undefined;

/** Sets `O_NONBLOCK`, as a parent process may have done; on Linux. */
async function makeNonBlocking(fd: number): Promise<void> {
  const [getFlags, setFlags, nonBlock] = [3, 4, 0o4000];
  let fcntl: (fd: number, command: number, flags: number) => number;
  if (inDeno) {
    const signature = { parameters: ["i32", "i32", "i32"], result: "i32" } as const;
    fcntl = Deno.dlopen("libc.so.6", { fcntl: signature }).symbols.fcntl;
  } else if (Bun !== undefined) {
    const name = "bun:ffi", { dlopen } = await import(name);
    fcntl = dlopen("libc.so.6", { fcntl: { args: ["i32", "i32", "i32"], returns: "i32" } }).symbols.fcntl;
  } else {
    // Node does it itself.
    void [process.stdin, process.stdout, process.stderr][fd]!.isTTY;
    return;
  }
  assertEquals(fcntl(fd, setFlags, fcntl(fd, getFlags, 0) | nonBlock), 0);
}

/** An answer of a stream in words. */
function inWords(answer: Any, of: (name: string) => Any): string {
  if (!isErr(answer)) return answer instanceof Uint8Array ? `${answer.length} bytes` : "ok";
  const { tag, val } = answer.val;
  if (tag === "closed") return tag;
  return `${tag} ${of("filesystem/types").filesystemErrorCode(val)} ${val.toDebugString().length > 0}`;
}

async function child({ what, touch, nonBlocking = [], plain }: Task): Promise<number> {
  if (touch) void process.stdin.isTTY;
  for (const fd of nonBlocking) await makeNonBlocking(fd);
  const inherited = { stdin: "inherit", stdout: "inherit" } as const;
  if (what === "cat" && !plain) return (await run(guest("command"), { args: ["", "cat"], ...inherited })).exitCode;
  const imports = await wasi({ ...inherited, args: ["", "cat"] });
  if (what === "cat") {
    const { instantiate } = await import("@windlass/component");
    const instance = await instantiate(guest("command"), { ...imports });
    return instance.exports["wasi:cli/run@0.2.0"].run() === undefined ? 0 : 1;
  }
  const of = (name: string) => imports[`wasi:${name}@0.2.6`] as Any;
  const input = of("cli/stdin").getStdin(), output = of("cli/stdout").getStdout();
  const answers = [await input.blockingRead(10n), await input.blockingRead(10n)];
  for (const pause of [300, 0]) {
    await new Promise((done) => setTimeout(done, pause));
    answers.push(await output.blockingWriteAndFlush(new Uint8Array(10)));
  }
  process.stderr.write(answers.map((answer) => inWords(answer, of)).join(", "));
  return 0;
}

if (process.env[TASK] !== undefined) process.exit(await child(JSON.parse(process.env[TASK]!)));

interface Outcome {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

/** Runs a shell script, in which `"$@"` is the child. */
function shell(script: string, task: Task, command: readonly string[] = [here]): Promise<Outcome> {
  const self = [process.execPath, ...inDeno ? ["run", "--allow-all"] : [], ...command];
  const env = { ...process.env, NO_COLOR: "1", [TASK]: JSON.stringify(task) };
  if (command[0] !== here) delete (env as Record<string, string>)[TASK];
  const started = spawn("sh", ["-c", script, "sh", ...self], { env, stdio: ["ignore", "pipe", "pipe"] });
  const gather = (stream: Any) => {
    const chunks: Uint8Array[] = [];
    stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    return () => chunks.map(text).join("");
  };
  const out = gather(started.stdout), err = gather(started.stderr);
  return new Promise((resolve) => started.on("close", (code) => resolve({ out: out(), err: err(), code })));
}

const linux = process.platform === "linux";
const kinds: Record<string, Task> = {
  "as it is": { what: "cat" },
  "process.stdin touched": { what: "cat", touch: true },
  "a plain call": { what: "cat", plain: true, touch: true },
  ...linux && { "non-blocking": { what: "cat", nonBlocking: [0] } },
};

Deno.test("standard input that comes late is waited for, whoever made it non-blocking", async () => {
  const late = '(printf one; sleep 0.4; printf two; sleep 0.2; printf three) | "$@"';
  await Promise.all(
    Object.entries(kinds).map(async ([kind, task]) => {
      assertEquals(await shell(late, task), { out: "onetwothree", err: "", code: 0 }, kind);
    }),
  );
  if (!inDeno) return;
  const cli = [fileURLToPath(import.meta.resolve("../../host/cli.ts")), "run"];
  const command = fileURLToPath(import.meta.resolve("./guests/command.wasm"));
  const outcome = await shell(late, kinds["as it is"]!, [...cli, command, "--", "cat"]);
  assertEquals(outcome, { out: "onetwothree", err: "", code: 0 });
});

Deno.test("standard input from a file, from nothing and from a closed descriptor", async () => {
  await withDirectory(async (path) => {
    await Deno.writeTextFile(`${path}/some.txt`, "some text");
    for (const touch of [false, true]) {
      const [file, nothing, closed] = await Promise.all([
        shell(`"$@" < '${path}/some.txt'`, { what: "cat", touch }),
        shell('"$@" < /dev/null', { what: "cat", touch }),
        shell('"$@" <&-', { what: "cat", touch }),
      ]);
      assertEquals(file, { out: "some text", err: "", code: 0 });
      assertEquals([nothing, closed], [{ out: "", err: "", code: 0 }, { out: "", err: "", code: 0 }]);
    }
  });
});

Deno.test({
  name: "standard input from a terminal",
  ignore: spawnSync("script", ["--version"]).error !== undefined,
  fn: async () => {
    // What is typed is echoed; Ctrl-D ends it. `script` takes the command as one text.
    const quoted = `for word in "$@"; do set -- "$@" "'$word'"; shift; done`;
    const typed = String.raw`(sleep 1.5; printf 'typed\n'; sleep 0.3; printf '\004'; sleep 0.3)`;
    await Promise.all(
      ["as it is", "process.stdin touched"].map(async (kind) => {
        const { out, code } = await shell(`${quoted}; ${typed} | script -qec "$*" /dev/null`, kinds[kind]!);
        assertEquals(out.split("\r\n").filter((line) => line.startsWith("typed")), ["typed", "typed"], kind);
        assertEquals(code, 0);
      }),
    );
  },
});

Deno.test("standard output that would block is written as a whole, and nothing twice", async () => {
  // Long and short lines, and a long part without an end of line.
  const lines = "seq 1 30000; head -c 200000 /dev/zero | tr '\\0' x; seq 1 20000; printf end";
  const wanted = (await shell(lines, { what: "cat" })).out;
  assert(wanted.length > 400_000 && wanted.endsWith("end"));
  const slow = `(${lines}) | "$@" | (sleep 1; cat)`;
  const tasks: Task[] = [{ what: "cat" }, { what: "cat", touch: true }];
  if (linux) tasks.push({ what: "cat", nonBlocking: [1] }, { what: "cat", plain: true, nonBlocking: [0, 1] });
  const outcomes = await Promise.all(tasks.map((task) => shell(slow, task)));
  for (const { out, err } of outcomes) assert(out === wanted, `${out.length} of ${wanted.length} bytes; ${err}`);
});

Deno.test("a closed output is closed, and what the system says has its code", async () => {
  const [gone, full] = await Promise.all([
    shell('true | "$@" | true', { what: "report" }),
    linux ? shell('"$@" < / > /dev/full', { what: "report" }) : undefined,
  ]);
  assertEquals(gone.err, "closed, closed, closed, closed");
  if (full === undefined) return;
  const [directory, space] = ["is-directory", "insufficient-space"].map((code) => `last-operation-failed ${code} true`);
  assertEquals(full.err, `${directory}, closed, ${space}, closed`);
});
