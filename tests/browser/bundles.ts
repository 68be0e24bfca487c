// What pages run: the bundles of tests, as in Node and Bun, and the checks of the platform itself,
// made fit for each engine.

// Not in deno.json: `deno task` downloads what is there, whatever the task.
// deno-lint-ignore no-import-prefix
import { stop, transform } from "npm:esbuild@0.28.2";
import { BUILD, bundle, bundleFile, GROUPS, installExternal } from "../../tools/bundles.ts";

const WASM_TOOLS = "@bytecodealliance/jco-transpile/wasm-tools";
const JCO = "@bytecodealliance/jco";

/** Makes them all; gives their names. */
export async function makeBundles(): Promise<string[]> {
  await installExternal();
  await bundleFile("tests/browser/wasm_tools.ts", `${BUILD}/wasm_tools.js`, { platform: "browser", external: [] });
  const external = [WASM_TOOLS];
  const paths = [`${BUILD}/browser_platform.js`];
  await bundleFile("tests/browser/page.ts", paths[0]!, { platform: "browser", external });
  for (const group of Object.keys(GROUPS)) {
    paths.push(await bundle(group, { platform: "browser", shim: "../browser/shim.ts", external }));
  }
  await bundleFile("mod.ts", `${BUILD}/browser_mod.js`, { platform: "browser", external: [] });
  for (const path of paths) await fit(path);
  await stop();
  return paths.map((path) => /([^/]*)\.js$/.exec(path)![1]!);
}

/**
 * Stands for a module of Node's. Its functions throw, and shim.ts ignores a test that calls one.
 */
const ABSENT = `const absentFromBrowsers = (module) => {
  const missing = () => { throw new TypeError("these tests need " + module + ", which this runtime does not have"); };
  const any = new Proxy(function () {}, { get: () => any, apply: missing, construct: missing });
  return any;
};
`;

/** Imports of Node's modules become stand-ins: no browser has them. */
function withoutNode(text: string): string {
  const named = text.replaceAll(
    /^import (.+) from "(node:\w+)";$/gm,
    (_, names: string, module: string) => `const ${names.replaceAll(" as ", ": ")} = absentFromBrowsers("${module}");`,
  );
  return ABSENT + named.replaceAll(/\bimport\(("node:\w+")\)/g, "absentFromBrowsers($1)");
}

/**
 * Names that only Deno resolves become addresses, and `using` becomes what engines without it
 * have, too.
 */
async function fit(path: string): Promise<void> {
  const text = withoutNode(await Deno.readTextFile(path))
    .replaceAll(`"${WASM_TOOLS}"`, '"./wasm_tools.js"')
    .replaceAll('import.meta.resolve("../../mod.ts")', 'import.meta.resolve("./browser_mod.js")')
    .replaceAll(`import.meta.resolve("${JCO}")`, `import.meta.resolve("./node_modules/${JCO}/src/api.js")`);
  const { code } = await transform(text, { target: "esnext", supported: { using: false }, charset: "utf8" });
  await Deno.writeTextFile(path, code);
}
