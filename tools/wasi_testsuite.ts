// deno task wasi-testsuite [--filter TEXT] PATH…: runs the programs of WebAssembly/wasi-testsuite by their
// JSON descriptions, prints a line for each and the total. PATH is a folder of programs, such as
// tests/rust/testsuite/wasm32-wasip3 of its branch `prod/testsuite-all`.

import { parseArgs } from "node:util";
import { listen, type Listening, run, serve } from "@windlass/component/wasi";

/** One operation of a description. */
interface Operation {
  readonly type: string;
  readonly id?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly dirs?: readonly string[];
  readonly payload?: string;
  readonly exit_code?: number;
  readonly method?: string;
  readonly path?: string;
  readonly response?: Answer;
}
/** What a request is answered by. */
interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
/** A description: operations, or what an older one says. */
interface Description {
  readonly world?: string;
  readonly operations?: readonly Operation[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly dirs?: readonly string[];
  readonly exit_code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** Milliseconds that a program may take. */
const PATIENCE = 20_000;

/** A description as operations. */
function operationsOf(
  { operations, args, env, dirs, exit_code = 0, stdout, stderr }: Description,
): readonly Operation[] {
  if (operations !== undefined) {
    return operations.map((operation) =>
      operation.type === "run" && dirs !== undefined ? { dirs, ...operation } : operation
    );
  }
  return [
    { type: "run", ...args && { args }, ...env && { env }, ...dirs && { dirs } },
    ...(stdout === undefined ? [] : [{ type: "read", id: "stdout", payload: stdout }]),
    ...(stderr === undefined ? [] : [{ type: "read", id: "stderr", payload: stderr }]),
    { type: "wait", exit_code },
  ];
}

/** What a program writes, as text that somebody may wait for. */
class Output {
  readonly stream: WritableStream<Uint8Array>;
  #text = "";
  #changed = Promise.withResolvers<void>();

  constructor() {
    const decoder = new TextDecoder();
    this.stream = new WritableStream({
      write: (bytes) => {
        this.#text += decoder.decode(bytes, { stream: true });
        this.#changed.resolve();
        this.#changed = Promise.withResolvers();
      },
    });
  }

  get text(): string {
    return this.#text;
  }

  /** Takes text from the beginning, once it is there. */
  async take(wanted: string): Promise<void> {
    await this.until(() => this.#text.length >= wanted.length);
    const found = this.#text.slice(0, wanted.length);
    if (found !== wanted) throw new Error(`expected ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`);
    this.#text = this.#text.slice(wanted.length);
  }

  /** Takes the first line. */
  async line(): Promise<string> {
    await this.until(() => this.#text.includes("\n"));
    const [line = "", ...rest] = this.#text.split("\n");
    this.#text = rest.join("\n");
    return line;
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await this.#changed.promise;
  }
}

/** Runs a program as its description says. Gives why it failed. */
async function runOne(folder: string, program: string): Promise<string | undefined> {
  const described = await Deno.readTextFile(`${folder}/${program}.json`).catch(() => "{}");
  const description = JSON.parse(described) as Description, operations = operationsOf(description);
  let server: Listening | undefined;
  const scratch = await Deno.makeTempDir(), signal = AbortSignal.timeout(PATIENCE);
  const stdout = new Output(), stderr = new Output(), stdin = new TransformStream<Uint8Array, Uint8Array>();
  const input = stdin.writable.getWriter(), connections = new Map<string, Deno.TcpConn>();
  let ending: Promise<number> | undefined, step = "";
  try {
    for (const operation of operations) {
      const { type, id = "", args = [], env = {}, dirs = [], payload = "", exit_code = 0 } = operation;
      step = type;
      switch (type) {
        case "run": {
          if (description.world === "wasi:http/service") {
            server = await listen(await serve(await Deno.readFile(`${folder}/${program}.wasm`), { env }), { port: 0 });
            break;
          }
          const preopens: Record<string, string> = {};
          for (const dir of dirs) {
            await copy(`${folder}/${dir}`, `${scratch}/${dir}`);
            preopens[dir] = `${scratch}/${dir}`;
          }
          const options = {
            args: [`${program}.wasm`, ...args],
            env,
            preopens,
            network: { sockets: true as const },
            signal,
          };
          const streams = { stdin: stdin.readable, stdout: stdout.stream, stderr: stderr.stream };
          ending = run(await Deno.readFile(`${folder}/${program}.wasm`), { ...options, ...streams })
            .then(({ exitCode }) => exitCode);
          ending.catch(() => {});
          break;
        }
        case "write":
          await input.write(new TextEncoder().encode(payload));
          await input.close();
          break;
        case "read":
          await Promise.race([(id === "stderr" ? stderr : stdout).take(payload), ending!.then(() => {})]);
          break;
        case "connect": {
          const [, hostname = "", port = ""] = /^(.*):(\d+)$/.exec(await stdout.line()) ?? [];
          connections.set(id, await Deno.connect({ hostname, port: Number(port) }));
          break;
        }
        case "send":
          await connections.get(id)!.write(new TextEncoder().encode(payload));
          break;
        case "recv": {
          const bytes = new Uint8Array(payload.length);
          let length = 0;
          while (length < bytes.length) {
            const count = await connections.get(id)!.read(bytes.subarray(length));
            if (count === null) break;
            length += count;
          }
          const text = new TextDecoder().decode(bytes.subarray(0, length));
          if (text !== payload) return `received ${JSON.stringify(text)}, expected ${JSON.stringify(payload)}`;
          break;
        }
        case "request": {
          const failure = await request(server!.url, operation, signal);
          if (failure !== undefined) return failure;
          break;
        }
        case "kill":
          await server!.close();
          break;
        case "wait": {
          if (server !== undefined) break;
          for (const connection of connections.values()) await connection.closeWrite().catch(() => {});
          const exitCode = await ending!;
          if (exitCode !== exit_code) return `exit code ${exitCode}, expected ${exit_code}; ${stderr.text.trim()}`;
          break;
        }
        default:
          return `the operation ${type} is not known yet`;
      }
    }
  } catch (error) {
    return `${step}: ${error}; ${stderr.text.trim()}`;
  } finally {
    for (const connection of connections.values()) connection.close();
    await Deno.remove(scratch, { recursive: true });
  }
}

/** Sends a request. Says what is wrong with the answer. */
async function request(
  url: string,
  { method = "GET", path = "/", response = {} }: Operation,
  signal: AbortSignal,
): Promise<string | undefined> {
  const answer = await fetch(new URL(path, url), { method, signal }), body = await answer.text();
  const { status = 200, headers = {} } = response;
  const wrong = Object.entries(headers).find(([name, value]) => answer.headers.get(name) !== value);
  if (wrong !== undefined) return `${wrong[0]} is ${answer.headers.get(wrong[0])}, expected ${wrong[1]}`;
  if (answer.status !== status) return `status ${answer.status}, expected ${status}`;
  if (response.body !== undefined && body !== response.body) return `body ${JSON.stringify(body)}`;
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(from)) {
    if (isDirectory) await copy(`${from}/${name}`, `${to}/${name}`);
    else if (isSymlink) await Deno.symlink(await Deno.readLink(`${from}/${name}`), `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

const { values: { filter = "" }, positionals } = parseArgs({
  args: Deno.args,
  options: { filter: { type: "string" } },
  allowPositionals: true,
});
if (positionals.length === 0) {
  console.error("usage: deno task wasi-testsuite [--filter TEXT] PATH…");
  Deno.exit(2);
}
let passed = 0, failed = 0;
for (const folder of positionals) {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  for (const name of names) {
    if (!name.endsWith(".wasm") || !name.includes(filter)) continue;
    const failure = await runOne(folder, name.slice(0, -".wasm".length));
    if (failure === undefined) passed++;
    else failed++;
    console.log(`${name}: ${failure ?? "passed"}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed > 0 ? 1 : 0);
