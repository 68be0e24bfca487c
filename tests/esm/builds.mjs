// Builds the project with one bundler after the other, by the configurations that it has, in one
// process of Node: their imports take longer than their work. Prints one JSON object per bundler.
// `serve`: Vite's dev server until the standard input ends; prints its address first.

import process from "node:process";
import { pathToFileURL } from "node:url";

const load = async (name) => (await import(pathToFileURL(`${name}.config.js`))).default;

/** Runs a bundler of webpack's kind. It does not minify: that takes most of its time. */
function pack(bundler, config) {
  return new Promise((resolve, reject) => {
    bundler({ ...config, optimization: { minimize: false } }, (error, stats) => {
      if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString({ colors: false })));
      else resolve();
    });
  });
}

const bundlers = {
  async vite() {
    const { build } = await import("vite");
    await build({ configFile: "vite.config.js", logLevel: "error" });
  },
  async rollup() {
    const { rollup } = await import("rollup"), { output, ...input } = await load("rollup");
    await (await rollup(input)).write(output);
  },
  async rolldown() {
    const { build } = await import("rolldown");
    await build(await load("rolldown"));
  },
  async esbuild() {
    const { build } = await import("esbuild");
    await build({ ...await load("esbuild"), logLevel: "silent" });
  },
  async webpack() {
    await pack((await import("webpack")).default, await load("webpack"));
  },
  async rspack() {
    await pack((await import("@rspack/core")).rspack, await load("rspack"));
  },
};

async function serve() {
  const { createServer } = await import("vite");
  // The page tells the one around it what it shows.
  const tell = `const output = document.querySelector("output");
    new MutationObserver(() => parent.postMessage(output.textContent, "*")).observe(output, { childList: true });
    globalThis.loaded = Date.now();`;
  const server = await createServer({
    configFile: "vite.config.js",
    logLevel: "error",
    server: { host: "127.0.0.1", port: 0, cors: true },
    plugins: [{ name: "tell", transformIndexHtml: () => [{ tag: "script", children: tell, injectTo: "body" }] }],
  });
  await server.listen();
  const { port } = server.httpServer.address();
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}/` }));
  process.stdin.resume();
  process.stdin.on("end", async () => {
    await server.close();
    process.exit();
  });
}

if (process.argv[2] === "serve") await serve();
else {
  for (const name of process.argv.slice(2)) {
    const error = await bundlers[name]().then(() => undefined, (error) => String(error?.stack ?? error));
    console.log(JSON.stringify({ name, error }));
  }
  process.exit();
}
