// Measures WASI in the runtime that it runs in: prints one JSON object.
// `deno task bench:wasi` runs it bundled in each runtime, a process for each pair of handlers and one
// for files. Arguments: `--rows x;y` (parts of names), `--rounds N`, `--size BYTES` of the file that is
// copied.

import { engine, runtime } from "./runtime_name.ts";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { compile } from "@windlass/component";
import { run, serve, type ServeOptions } from "@windlass/component/wasi";

// deno-lint-ignore no-explicit-any
type Any = any;

const { process, gc, Bun } = globalThis as Any;
const { argv } = process;
const root = pathToFileURL(`${process.cwd()}/tests/wasi/guests/`);
const guest = (name: string) => compile(new Uint8Array(readFileSync(new URL(`${name}.wasm`, root))));
const option = (name: string): string | undefined => {
  const at = argv.indexOf(`--${name}`);
  return at < 0 ? undefined : argv[at + 1];
};
const ROUNDS = Number(option("rounds") ?? 25), only = option("rows")?.split(";");
const SIZE = Number(option("size") ?? 1e9), CHUNK = 65536;
/** Requests under way at once. */
const AT_ONCE = 16;

/**
 * A figure: nanoseconds for each chunk of 64 KiB, or of the processor's time for each request: many
 * wait at once, and on a machine with other work their time is that of the others, too.
 */
export interface WasiFigure {
  readonly name: string;
  readonly ns: number;
  readonly median: number;
}
/** What the process prints. */
export interface WasiRun {
  readonly runtime: string;
  readonly engine: string;
  readonly figures: readonly WasiFigure[];
  /** Mebibytes of the process before and after files were copied, and at most meanwhile. */
  readonly memory: { readonly before: number; readonly most: number; readonly after: number };
}

function check(found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`expected ${expected}, found ${found}`);
}

interface Row {
  readonly name: string;
  /** Operations of one run. */
  readonly count: number;
  readonly run: () => Promise<void> | void;
}

// HTTP.

const body = new Uint8Array(1 << 20).fill(7);
const servers = { "0.2": await guest("server"), "0.3": await guest("p3_server") };
const routes = [
  { name: "hello", path: "/hello", requests: 64, length: 7 },
  { name: "echo of 1 MiB", path: "/echo", requests: 32, length: body.length },
  { name: "copy of 1 MiB", path: "/copy", requests: 32, length: body.length },
];
const pools = { "an instance per request": "per-request", "4 instances": { max: 4 } } as const;

type Handler = (request: Request) => Promise<Response>;

async function ask(handler: Handler, path: string, length: number): Promise<void> {
  const init = path === "/hello" ? {} : { method: "POST", body };
  const response = await handler(new Request(`http://localhost${path}`, init)), reader = response.body!.getReader();
  let count = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return check(count, length);
    count += value.length;
  }
}

async function many(handler: Handler, path: string, length: number, requests: number): Promise<void> {
  let left = requests;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await ask(handler, path, length);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const wanted = ({ name }: { name: string }): boolean => only === undefined || only.some((part) => name.includes(part));
const rows: Row[] = [];
for (const { name, path, requests, length } of routes) {
  for (const [pool, instances] of Object.entries(pools) as [string, NonNullable<ServeOptions["instances"]>][]) {
    if (!wanted({ name: `${name}, ${pool}` })) continue;
    // An instance takes up to 40 ms in Bun.
    const count = pool === "4 instances" ? requests : AT_ONCE;
    for (const [version, component] of Object.entries(servers)) {
      const handler = await serve(component, { instances });
      rows.push({
        name: `${name}, ${pool}, ${version}`,
        count,
        run: () => many(handler, path, length, count),
      });
    }
  }
}

// Files.

const directory = mkdtempSync(`${tmpdir()}/windlass`), path = `${directory}/big`;
const chunk = new Uint8Array(CHUNK).fill(65);

function makeFile(): void {
  const made = openSync(path, "w");
  for (let at = 0; at < SIZE; at += CHUNK) writeSync(made, chunk, 0, Math.min(CHUNK, SIZE - at), at);
  closeSync(made);
}

const cat = await guest("p3_cat"), chunks = SIZE / CHUNK;

/** A stream that counts, and throws away. */
function counting(): { stream: WritableStream<Uint8Array>; count: () => number } {
  let count = 0;
  const stream = new WritableStream<Uint8Array>({ write: (bytes) => void (count += bytes.length) });
  return { stream, count: () => count };
}

/** The chunks of the file, each in a new array. */
function* fileChunks(): Generator<Uint8Array> {
  const file = openSync(path, "r");
  try {
    for (let at = 0;;) {
      const bytes = new Uint8Array(CHUNK), length = readSync(file, bytes, 0, CHUNK, at);
      if (length === 0) return;
      at += length;
      yield bytes.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

const options = { args: ["cat", "big"], preopens: { "/": { path: directory, readOnly: true } } };
let most = 0;
const rss = (): number => process.memoryUsage().rss / 2 ** 20;
const files: Row[] = [
  {
    name: "a file read into one buffer",
    count: chunks,
    run: () => {
      const file = openSync(path, "r"), buffer = new Uint8Array(CHUNK);
      let count = 0;
      for (;;) {
        const length = readSync(file, buffer, 0, CHUNK, count);
        if (length === 0) break;
        count += length;
      }
      closeSync(file);
      check(count, SIZE);
    },
  },
  {
    name: "cat to nowhere, 0.3",
    count: chunks,
    run: async () => {
      check((await run(cat, options)).exitCode, 0);
      most = Math.max(most, rss());
    },
  },
  {
    name: "a file read and written to a web stream",
    count: chunks,
    run: async () => {
      const { stream, count } = counting(), writer = stream.getWriter();
      for (const bytes of fileChunks()) await writer.write(bytes);
      check(count(), SIZE);
    },
  },
  {
    name: "cat to a web stream, 0.3",
    count: chunks,
    run: async () => {
      const { stream, count } = counting();
      check((await run(cat, { ...options, stdout: stream })).exitCode, 0);
      check(count(), SIZE);
      most = Math.max(most, rss());
    },
  },
  {
    name: "chunks written to a web stream",
    count: chunks,
    run: async () => {
      const { stream, count } = counting(), writer = stream.getWriter();
      for (let at = 0; at < SIZE; at += CHUNK) await writer.write(chunk.slice(0, SIZE - at));
      check(count(), SIZE);
    },
  },
  {
    name: "cat of a web stream to a web stream, 0.3",
    count: chunks,
    run: async () => {
      const { stream, count } = counting();
      let left = SIZE;
      const stdin = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          if (left <= 0) return controller.close();
          controller.enqueue(chunk.slice(0, left));
          left -= CHUNK;
        },
      }, { highWaterMark: 0 });
      check((await run(cat, { args: ["cat"], stdin, stdout: stream })).exitCode, 0);
      check(count(), SIZE);
    },
  },
];

/** Samples of some rows, interleaved: what disturbs the machine disturbs them alike. */
async function measure(all: readonly Row[], rounds: number, once: boolean): Promise<WasiFigure[]> {
  const repeats: number[] = [];
  for (const { run } of all) {
    const start = performance.now();
    let runs = 0;
    while (performance.now() < start + (once ? 1 : 400)) await run(), runs++;
    repeats.push(once ? 1 : Math.max(1, Math.ceil(runs / 6)));
  }
  const samples: number[][] = all.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [k, { run, count }] of all.entries()) {
      // What one row leaves to the event loop, the next one does not pay for.
      await new Promise((done) => setTimeout(done));
      const start = performance.now(), cpu = process.cpuUsage();
      for (let i = 0; i < repeats[k]!; i++) await run();
      const elapsed = performance.now() - start, { user, system } = process.cpuUsage(cpu);
      samples[k]!.push((once ? elapsed * 1e6 : (user + system) * 1e3) / (repeats[k]! * count));
    }
  }
  return all.map(({ name }, k) => {
    const sorted = samples[k]!.sort((left, right) => left - right);
    return { name, ns: sorted[0]!, median: sorted[sorted.length >> 1]! };
  });
}

const collect = (): void => {
  for (let i = 0; i < 2; i++) Bun === undefined ? gc?.() : Bun.gc(true);
};
try {
  const http = await measure(rows, ROUNDS, false), wantedFiles = files.filter(wanted);
  if (wantedFiles.length > 0) makeFile();
  for (const { run } of wantedFiles) await run();
  collect();
  const before = rss();
  most = before;
  const copies = await measure(wantedFiles, Math.min(ROUNDS, 5), true);
  collect();
  const memory = { before, most, after: rss() };
  console.log(JSON.stringify({ runtime, engine, figures: [...http, ...copies], memory } satisfies WasiRun));
} finally {
  rmSync(directory, { recursive: true });
}
