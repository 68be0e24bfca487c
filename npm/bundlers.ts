// What differs between bundlers: how a script gets the bytes of a component, which the bundler
// writes as a file.
// A bundler's name, its context and a component enter; how the module loads it leaves.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { UnpluginBuildContext, UnpluginOptions } from "unplugin";
import type { Loading } from "../host/esm/module_text.ts";

/** What the plugin uses of a bundler's context. Vite's has the environment that it builds for. */
export interface Context extends Pick<UnpluginBuildContext, "addWatchFile" | "emitFile"> {
  readonly environment?: { readonly config: { readonly consumer: string } };
}

/** Says how the module of a component gets its bytes. */
export function loadingOf(
  framework: string,
  context: Context,
  path: string,
  bytes: Uint8Array,
  inline: boolean,
): Loading {
  const name = basename(path);
  const imported = (query: string): Loading => ({
    kind: "url",
    imports: [`import address from ${JSON.stringify(`./${name}?${query}`)};`],
    url: "new URL(address, import.meta.url)",
  });
  // A server of Vite's gives files to browsers, not to itself.
  if (inline || context.environment?.config.consumer === "server") return { kind: "inline", bytes };
  switch (framework) {
    case "vite":
      return imported("url&no-inline");
    case "esbuild":
      return imported(BYTES);
    case "webpack":
    case "rspack":
      return { kind: "url", url: `new URL(${JSON.stringify(`./${name}?${BYTES}`)}, import.meta.url)` };
    case "rollup":
    case "rolldown": {
      // Rollup's own `emitFile` gives a reference.
      const reference: unknown = context.emitFile({ type: "asset", name, source: bytes });
      return { kind: "url", url: `new URL(import.meta.ROLLUP_FILE_URL_${reference})` };
    }
    default:
      return { kind: "inline", bytes };
  }
}

/** The query by which a module asks for its component's bytes as a file. */
const BYTES = "bytes";

/** A rule of webpack's. */
interface Rule {
  resourceQuery?: unknown;
}

/**
 * Takes the query out of the rule that makes modules of components: what it asks for is a file.
 * The rule is the first, as unplugin has just put it there.
 */
function leaveBytes(compiler: { readonly options: { readonly module: { readonly rules: unknown[] } } }): void {
  (compiler.options.module.rules[0] as Rule).resourceQuery = { not: [new RegExp(`^\\?${BYTES}$`)] };
}

/** What bundlers are told besides. */
export const tellBundler: Pick<UnpluginOptions, "bun" | "esbuild" | "rspack" | "vite" | "webpack"> = {
  // Vite finds what the sources import before it asks plugins, and would not know of this: it would
  // load the page again when it sees it.
  vite: { config: () => ({ optimizeDeps: { include: ["@windlass/component", "@windlass/component/wasi"] } }) },
  bun: { loader: "js" },
  webpack: (compiler) => leaveBytes(compiler as unknown as Parameters<typeof leaveBytes>[0]),
  rspack: (compiler) => leaveBytes(compiler as unknown as Parameters<typeof leaveBytes>[0]),
  esbuild: {
    onLoadFilter: /\.wasm$/,
    loader: "js",
    setup: (build) => giveBytes(build as Esbuild),
  },
};

/** What is used of esbuild, whose own types are not always there. */
interface Esbuild {
  resolve(path: string, options: Asked): Promise<{ readonly errors: readonly unknown[]; readonly path: string }>;
  onResolve(options: { filter: RegExp }, act: (asked: Asked & { readonly path: string }) => unknown): void;
  onLoad(options: { filter: RegExp; namespace: string }, act: (asked: { readonly path: string }) => unknown): void;
}
interface Asked {
  readonly resolveDir: string;
  readonly importer: string;
  readonly kind: string;
}

/** Gives the bytes of a component to esbuild as a file, when its module asks for them. */
function giveBytes(build: Esbuild): void {
  build.onResolve({ filter: new RegExp(`\\.wasm\\?${BYTES}$`) }, async ({ path, resolveDir, importer, kind }) => {
    const found = await build.resolve(path.slice(0, -BYTES.length - 1), { resolveDir, importer, kind });
    return found.errors.length > 0 ? found : { path: found.path, suffix: `?${BYTES}`, namespace: BYTES_NAMESPACE };
  });
  build.onLoad({ filter: /.*/, namespace: BYTES_NAMESPACE }, async ({ path }) => {
    return { contents: await readFile(path), loader: "file", watchFiles: [path] };
  });
}

const BYTES_NAMESPACE = "windlass-bytes";
