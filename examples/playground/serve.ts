// deno task playground: bundles the playground and serves it. With --out DIR it writes the static
// files instead.

import { realComponent } from "../real.ts";
import { SAMPLES } from "./samples.ts";

const here = new URL(".", import.meta.url).pathname;

/** Types of the page's files. */
const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  wasm: "application/wasm",
};

interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

async function bundle(): Promise<Uint8Array<ArrayBuffer>> {
  const out = await Deno.makeTempFile({ suffix: ".js" });
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", "--minify", "-o", out, `${here}main.ts`],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const bytes = await Deno.readFile(out);
  await Deno.remove(out);
  return bytes;
}

/** Every file of the static page. */
export async function playgroundFiles(): Promise<Map<string, PageFile>> {
  const made = new Map<string, PageFile>();
  const add = (name: string, bytes: Uint8Array<ArrayBuffer>): void => {
    made.set(name, { type: types[name.split(".").at(-1)!]!, bytes });
  };
  add("main.js", await bundle());
  for (const name of ["index.html", "style.css", "forms.css", "favicon.svg"]) {
    add(name, await Deno.readFile(`${here}${name}`));
  }
  for (const { id, file } of SAMPLES) {
    // A real toolchain's component comes with an npm package; all others are built from the sources
    // beside them.
    add(file, id === "wasm-tools" ? await realComponent(id) : await Deno.readFile(`${here}samples/${file}`));
  }
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
