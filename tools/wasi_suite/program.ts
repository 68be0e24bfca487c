// One program of wasi-testsuite, run by its description.
// In: its folder and name. Out: nothing, or why it failed.

import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listen, type Listening, run, serve } from "@windlass/component/wasi";
import { Connection } from "./connection.ts";
import { described, type Operation } from "./description.ts";
import { Output } from "./output.ts";

/** Milliseconds that a program may take. */
const PATIENCE = 20_000;

/** Runs a program as its description says. Gives why it failed. */
export async function failureOf(folder: string, name: string): Promise<string | undefined> {
  const json = await readFile(join(folder, `${name}.json`), "utf8").catch(() => "{}");
  const { operations, isService } = described(json);
  const program = new Program(folder, name, isService);
  let step = "";
  try {
    for (const operation of operations) {
      step = operation.type;
      const failure = await program.does(operation);
      if (failure !== undefined) return failure;
    }
  } catch (error) {
    return `${step}: ${error}; ${program.stderr.text.trim()}`;
  } finally {
    await program.close();
  }
}

/** A program that runs. */
class Program {
  readonly stdout = new Output();
  readonly stderr = new Output();
  readonly #folder: string;
  readonly #name: string;
  readonly #isService: boolean;
  readonly #signal = AbortSignal.timeout(PATIENCE);
  readonly #stdin = new TransformStream<Uint8Array, Uint8Array>();
  readonly #connections = new Map<string, Connection>();
  #scratch: string | undefined;
  #server: Listening | undefined;
  #exitCode: Promise<number> | undefined;

  constructor(folder: string, name: string, isService: boolean) {
    this.#folder = folder;
    this.#name = name;
    this.#isService = isService;
  }

  /** Does one operation. Gives why it failed. */
  async does(operation: Operation): Promise<string | undefined> {
    const { type, id = "", payload = "", exit_code = 0 } = operation;
    switch (type) {
      case "run":
        return void await (this.#isService ? this.#serve(operation) : this.#run(operation));
      case "write": {
        const writer = this.#stdin.writable.getWriter();
        await writer.write(new TextEncoder().encode(payload));
        return void await writer.close();
      }
      case "read":
        return await this.#beforeItEnds((id === "stderr" ? this.stderr : this.stdout).take(payload));
      case "connect": {
        const line = await this.#beforeItEnds(this.stdout.line());
        const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(line) ?? [];
        return void this.#connections.set(id, await Connection.to(host, Number(port)));
      }
      case "send":
        return void await this.#connections.get(id)!.send(payload);
      case "recv":
        return await this.#beforeItEnds(this.#connections.get(id)!.received.take(payload));
      case "request":
        return await this.#request(operation);
      case "kill":
        return void await this.#server!.close();
      case "wait": {
        if (this.#server !== undefined) return;
        for (const connection of this.#connections.values()) connection.end();
        const exitCode = await this.#exitCode!;
        if (exitCode === exit_code) return;
        return `exit code ${exitCode}, expected ${exit_code}; ${this.stderr.text.trim()}`;
      }
      default:
        return `the operation ${type} is not known yet`;
    }
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.values()) connection.close();
    if (this.#scratch !== undefined) await rm(this.#scratch, { recursive: true });
  }

  #bytes(): Promise<Uint8Array> {
    return readFile(join(this.#folder, `${this.#name}.wasm`));
  }

  async #serve({ env = {} }: Operation): Promise<void> {
    this.#server = await listen(await serve(await this.#bytes(), { env }), { port: 0 });
  }

  /** Starts a command, on copies of its directories. */
  async #run({ args = [], env = {}, dirs = [] }: Operation): Promise<void> {
    this.#scratch = await mkdtemp(join(tmpdir(), "wasi-testsuite-"));
    const preopens: Record<string, string> = {};
    for (const dir of dirs) {
      preopens[dir] = join(this.#scratch, dir);
      await cp(join(this.#folder, dir), preopens[dir], { recursive: true, verbatimSymlinks: true });
    }
    const ended = run(await this.#bytes(), {
      args: [`${this.#name}.wasm`, ...args],
      env,
      preopens,
      network: { sockets: true },
      stdin: this.#stdin.readable,
      stdout: this.stdout.stream,
      stderr: this.stderr.stream,
      signal: this.#signal,
    });
    this.#exitCode = ended.then(({ exitCode }) => exitCode);
    // A failure is told by whatever waits next; until then nobody hears it.
    this.#exitCode.catch(() => {}).then(() => {
      for (const output of [this.stdout, this.stderr]) output.end();
    });
  }

  /** Waits for what the program does, but no longer than it runs. */
  async #beforeItEnds<T>(something: Promise<T>): Promise<T> {
    // Its outputs end with it, so `something` does too, unless it failed.
    return await Promise.race([something, this.#exitCode!.then(() => something)]);
  }

  /** Sends a request. Says what is wrong with the answer. */
  async #request({ method = "GET", path = "/", response = {} }: Operation): Promise<string | undefined> {
    const answer = await fetch(new URL(path, this.#server!.url), { method, signal: this.#signal });
    const body = await answer.text(), { status = 200, headers = {} } = response;
    const wrong = Object.entries(headers).find(([name, value]) => answer.headers.get(name) !== value);
    if (wrong !== undefined) return `${wrong[0]} is ${answer.headers.get(wrong[0])}, expected ${wrong[1]}`;
    if (answer.status !== status) return `status ${answer.status}, expected ${status}`;
    if (response.body !== undefined && body !== response.body) return `body ${JSON.stringify(body)}`;
  }
}
