// Components put together: a middleware around a handler, WASI 0.2 and 0.3 in one program, and WASI
// that another guest gives. As one component, and as instances that are linked when they run.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { compile, features, type Imports, instantiate, suspending } from "@windlass/component";
import { run, type RunResult, serve, wasi, type WasiOptions } from "@windlass/component/wasi";
import { guest } from "./guests.ts";
import { text, withDirectory } from "./support.ts";

const [handler, middleware] = await Promise.all([compile(guest("p3/handler")), compile(guest("p3/middleware"))]);

const captured = { stdout: "capture", stderr: "capture" } as const;
/** The exit code, standard output and standard error of a command. */
const of = ({ exitCode, stdout, stderr }: RunResult): [number, string, string] => [
  exitCode,
  text(stdout!),
  text(stderr!),
];
/** The handler, as the import of a middleware. */
async function inner(options: WasiOptions = {}): Promise<Imports> {
  const { exports } = await instantiate(handler, { ...await wasi(options) });
  return { "wasi:http/handler@0.3.0": exports["wasi:http/handler@0.3.0"]! } as Imports;
}
/** The middleware around what it is given. */
async function around(imports: Imports): Promise<Imports> {
  const { exports } = await instantiate(middleware, { ...await wasi(), ...imports });
  return { "wasi:http/handler@0.3.0": exports["wasi:http/handler@0.3.0"]! } as Imports;
}

/** Asserts that requests go through so many middlewares to the handler and back. */
async function goThrough(handle: (request: Request) => Promise<Response>, count: number): Promise<void> {
  const body = "a line\n".repeat(30_000), post = { method: "POST", body, duplex: "half" } as RequestInit;
  for (const [path, expected] of [["/echo", body], ["/upper", body.toUpperCase()]] as const) {
    const response = await handle(new Request(`http://localhost${path}`, post));
    assertEquals(response.headers.get("x-middleware"), Array.from({ length: count }, () => "response").join(", "));
    assertEquals([response.status, response.headers.get("x-handler")], [200, "rust"]);
    assertEquals(await response.text(), expected);
  }
  const about = await handle(new Request("http://localhost/request?x", { method: "PUT", headers: { "x-a": "1" } }));
  const lines = (await about.text()).split("\n");
  assertEquals(lines[0], 'Method::Put Some(Scheme::Http) Some("localhost") /request?x');
  assertEquals(lines.filter((line) => line.startsWith("x-")).sort(), [
    "x-a: 1",
    ...Array.from({ length: count }, () => "x-middleware: request"),
  ]);
  // Each has added a trailer, which goes from guest to guest.
  const counted = await handle(new Request("http://localhost/count", { method: "POST", body: "12345" }));
  const trailers = Array.from({ length: count }, () => "x-after: middleware\n");
  assertEquals(await counted.text(), `5 bytes\n${trailers.join("")}`);
  assertEquals((await handle(new Request("http://localhost/status?404"))).status, 404);
  assertEquals((await handle(new Request("http://localhost/fail"))).status, 500);
  const bodies = Array.from({ length: 10 }, (_, i) => `${i} `.repeat(1 + i * 3000));
  const answers = await Promise.all(bodies.map(async (body) => {
    const request = new Request("http://localhost/echo", { method: "POST", body });
    return await (await handle(request)).text();
  }));
  assertEquals(answers, bodies);
}

Deno.test("a middleware and its handler as one component", async () => {
  const together = await compile(guest("p3/handler_behind_middleware"));
  assertEquals(together.imports.some(({ name }) => name.startsWith("wasi:http/handler")), false);
  await goThrough(await serve(together, { onError() {} }), 1);
  await goThrough(await serve(together, { instances: { max: 1 }, onError() {} }), 1);
});

Deno.test("a middleware around an instance of the handler, linked when they run", async () => {
  await goThrough(await serve(middleware, { imports: await inner(), onError() {} }), 1);
  await goThrough(await serve(middleware, { imports: await inner(), instances: { max: 1 }, onError() {} }), 1);
});

Deno.test("a middleware around a middleware around the handler", async () => {
  await goThrough(await serve(middleware, { imports: await around(await inner()), onError() {} }), 2);
});

Deno.test("what breaks off behind a middleware breaks off in front of it", async () => {
  for (
    const handle of [
      await serve(guest("p3/handler_behind_middleware"), { onError() {} }),
      await serve(middleware, { imports: await inner(), onError() {} }),
    ]
  ) {
    const response = await handle(new Request("http://localhost/break"));
    assertEquals(response.status, 200);
    await assertRejects(() => response.text());
  }
});

Deno.test("a request that is aborted in front of a middleware leaves the handler to the others", async () => {
  let log = "";
  const logged = Promise.withResolvers<void>();
  const stdout = new WritableStream<Uint8Array>({
    write(bytes) {
      if ((log += text(bytes)).includes("nobody reads\n")) logged.resolve();
    },
  });
  const handle = await serve(middleware, { imports: await inner({ stdout }), onError() {} });
  const abort = new AbortController(), { signal } = abort;
  const endless = await handle(new Request("http://localhost/endless", { signal }));
  const reader = endless.body!.getReader();
  assertEquals((await reader.read()).done, false);
  const sleeping = handle(new Request("http://localhost/sleep?3600000", { signal }));
  const other = handle(new Request("http://localhost/sleep?20"));
  await handle(new Request("http://localhost/")); // by now the handler has the others
  abort.abort();
  await assertRejects(() => reader.read());
  assertEquals((await sleeping).status, 500);
  await logged.promise;
  assertEquals(await (await other).text(), "slept\n");
  assertEquals(await (await handle(new Request("http://localhost/"))).text(), "Hello, world!\n");
});

/** Runs with a directory that has a file of two lines, and gives what `use` does. */
const counting = (use: (options: WasiOptions) => Promise<void>) =>
  withDirectory(async (path) => {
    await Deno.writeTextFile(`${path}/a`, "one\ntwo\n");
    await use({ args: ["count", "a"], preopens: { "/": { path, readOnly: true } } });
  });
const saidAround = (between: string): string => `0.3 has 2 arguments\n${between}0.2 ended with Ok(())\n`;

Deno.test("a command of WASI 0.3 runs one of WASI 0.2: one environment, one file system, one output", async () => {
  await counting(async (options) => {
    assertEquals(of(await run(guest("p3/runs_count"), { ...options, ...captured })), [0, saidAround("2 8 a\n"), ""]);
  });
});

Deno.test({
  name: "the same with an output that is waited for, as one component and linked when they run",
  ignore: !features.jspi,
  async fn() {
    await counting(async (options) => {
      let written = "";
      const slow = (): WritableStream<Uint8Array> =>
        new WritableStream({
          async write(bytes) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            written += text(bytes);
          },
        });
      assertEquals(await run(guest("p3/runs_count"), { ...options, stdout: slow() }), { exitCode: 0 });
      assertEquals(written, saidAround("2 8 a\n"));
      written = "";
      const { promising } = await instantiate(guest("count"), { ...await wasi({ ...options, stdout: slow() }) });
      // Each has a host of its own; the outer one waits for the inner one.
      const { run: inner } = promising.exports["wasi:cli/run@0.2.0"] as { run: () => Promise<void> };
      const imports: Imports = { "wasi:cli/run@0.2.0": { run: suspending(inner) } };
      assertEquals(of(await run(guest("p3/runs_older"), { ...options, imports, ...captured })), [
        0,
        saidAround(""),
        "",
      ]);
      assertEquals(written, "2 8 a\n");
    });
  },
});

Deno.test("a command of WASI 0.2 over a component of WASI 0.3", async () => {
  const args = ["older", "home", "none"], env = { home: "sweet" };
  const said = 'HOME Ok("sweet")\nNONE Err("no none is set")\n';
  assertEquals(of(await run(guest("p3/older_with_words"), { args, env, ...captured })), [1, said, ""]);
  const words = await instantiate(guest("p3/words"), { ...await wasi({ env }) });
  const imports = { "test:words/words": words.exports["test:words/words"]! } as Imports;
  assertEquals(of(await run(guest("p3/older"), { args, imports, ...captured })), [1, said, ""]);
  const found = { args: args.slice(0, 2), imports, ...captured };
  assertEquals(of(await run(guest("p3/older"), found)), [0, 'HOME Ok("sweet")\n', ""]);
});

Deno.test("a command whose environment, output and clock another guest gives", async () => {
  const command = guest("p3/command_in_virtual_cli");
  const env = { A: "1", A_SECRET: "2" };
  const args = await run(command, { args: ["command", "args"], env, ...captured });
  assertEquals(of(args), [0, "", '["command", "args"] in Some("/virtual")\nA=1\nVIRTUAL=yes\n']);
  const stdin = "a line\n".repeat(30_000);
  for (const [does, expected] of [["cat", stdin], ["upper", stdin.toUpperCase()]] as const) {
    assertEquals(of(await run(command, { args: ["command", does], stdin, ...captured })), [0, "", expected]);
  }
  const clocks = of(await run(command, { args: ["command", "clocks"], ...captured }));
  assertMatch(clocks[2], /^1 ms before 1 h\ntrue \d+\n$/);
});

Deno.test("the same, linked when they run", async () => {
  const names = ["wasi:cli/environment@0.3.0", "wasi:cli/stdout@0.3.0", "wasi:clocks/monotonic-clock@0.3.0"];
  const stdin = "a line\n".repeat(30_000), env = { A: "1", A_SECRET: "2" };
  const said: readonly (readonly [string, string])[] = [
    ["args", '["command", "args"] in Some("/virtual")\nA=1\nVIRTUAL=yes\n'],
    ["cat", stdin],
    ["upper", stdin.toUpperCase()],
  ];
  for (const [does, expected] of said) {
    let written = "";
    const stderr = new WritableStream<Uint8Array>({ write: (bytes) => void (written += text(bytes)) });
    const { exports } = await instantiate(guest("p3/virtual_cli"), {
      ...await wasi({ args: ["command", does], env, stderr }),
    });
    const imports = Object.fromEntries(names.map((name) => [name, exports[name]])) as Imports;
    // Its standard input is of its own; what it writes goes to the other one's standard error.
    assertEquals(of(await run(guest("p3/command"), { stdin, imports, ...captured })), [0, "", ""]);
    assertEquals(written, expected);
  }
});

Deno.test("files that another guest keeps in another form", async () => {
  const sealed = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xa5);
  const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
  await withDirectory(async (path) => {
    await Deno.mkdir(`${path}/plain/tree`, { recursive: true });
    await Deno.mkdir(`${path}/kept`);
    const big = Uint8Array.from({ length: 300_003 }, (_, i) => i * 7 + (i >> 9));
    await Deno.writeFile(`${path}/plain/tree/big`, big);
    await Deno.writeTextFile(`${path}/plain/tree/small`, "text");
    const preopens = { "/plain": `${path}/plain`, "/sealed": `${path}/kept` };
    const copies = async (from: string, to: string) =>
      of(await run(guest("p3/copier_in_virtual_files"), { args: ["copier", from, to], preopens, ...captured }));
    assertEquals(await copies("/plain/tree", "/sealed/a"), [0, "tree/big (300003)\ntree/small (4)\n", ""]);
    assertEquals(same(await Deno.readFile(`${path}/kept/a/big`), sealed(big)), true);
    assertEquals((await copies("/sealed/a", "/sealed/b"))[0], 0);
    assertEquals(same(await Deno.readFile(`${path}/kept/b/big`), sealed(big)), true);
    assertEquals((await copies("/sealed/b", "/plain/c"))[0], 0);
    assertEquals(same(await Deno.readFile(`${path}/plain/c/big`), big), true);
    assertEquals(await Deno.readTextFile(`${path}/plain/c/small`), "text");
    // Errors come through, and nothing leaves what was preopened.
    assertEquals((await copies("/sealed/none", "/plain/d"))[2], "none: ErrorCode::NoEntry\n");
    assertEquals((await copies("/sealed/../plain/tree", "/plain/d"))[2], "../plain/tree: ErrorCode::NotPermitted\n");
  });
});
