// deno task playground: bundles the playground and serves it. With --out DIR it writes the static files instead.

const here = new URL(".", import.meta.url).pathname;
const root = new URL("../../", import.meta.url).pathname;

/** The files of the page and where they come from; `main.js` is bundled. */
const files: Readonly<Record<string, readonly [type: string, path: string]>> = {
  "index.html": ["text/html; charset=utf-8", `${here}index.html`],
  "style.css": ["text/css", `${here}style.css`],
  "greet.wasm": ["application/wasm", `${root}tests/e2e/fixtures/greet.wasm`],
  "hello.wasm": ["application/wasm", `${root}tests/wasi/guests/hello.wasm`],
  "shapes.wasm": ["application/wasm", `${root}bench/fixtures/calls.wasm`],
};

/** Every file of the static page. */
export async function playgroundFiles(): Promise<Map<string, { type: string; bytes: Uint8Array<ArrayBuffer> }>> {
  const out = await Deno.makeTempFile({ suffix: ".js" });
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", "--minify", "-o", out, `${here}main.ts`],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const made = new Map([["main.js", { type: "text/javascript", bytes: await Deno.readFile(out) }]]);
  await Deno.remove(out);
  for (const [name, [type, path]] of Object.entries(files)) made.set(name, { type, bytes: await Deno.readFile(path) });
  return made;
}

/** A handler for those files. */
export async function playgroundHandler(): Promise<(request: Request) => Response> {
  const made = await playgroundFiles();
  return (request) => {
    const { pathname } = new URL(request.url);
    const file = made.get(pathname === "/" ? "index.html" : pathname.slice(1));
    if (file === undefined) return new Response("not found", { status: 404 });
    return new Response(file.bytes, { headers: { "content-type": file.type } });
  };
}

if (import.meta.main) {
  const [flag, out] = Deno.args;
  if (flag === "--out" && out !== undefined) {
    await Deno.mkdir(out, { recursive: true });
    for (const [name, { bytes }] of await playgroundFiles()) await Deno.writeFile(`${out}/${name}`, bytes);
    console.log(`wrote ${out}`);
  } else Deno.serve({ hostname: "127.0.0.1", port: 8000 }, await playgroundHandler());
}
