// Node's hooks: components beside core modules, WASI by the configuration, and what is said where
// something is missing.

import { assertEquals, assertMatch } from "@std/assert";
import { check } from "../support/checks.ts";
import { nodePath, PROJECT } from "./project.ts";

const register = ["--import", "@windlass/component/register"];

/** Runs a program of the folder. */
async function node(
  version: "20" | "22" | "26.10.0",
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ out: string; err: string }> {
  const options = { args: [...args], cwd: `${PROJECT}/node`, env: { NO_COLOR: "1", ...env } };
  const { stdout, stderr } = await new Deno.Command(await nodePath(version), options).output();
  return { out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

const expected = `the component says: Hello, Node!
Hello, Node!
Hello, Node!
2 exports
2 + 3 = 5
`;

/** Writes a program and runs it with the hooks. */
async function program(name: string, text: string, env: Record<string, string> = {}) {
  await Deno.writeTextFile(`${PROJECT}/node/${name}`, text);
  return await node("26.10.0", [...register, name], env);
}

/** Checks the hooks in the versions of Node that have them, and in one that has not. */
export async function checkRegister(): Promise<void> {
  await check("register: components, a command of WASI and a core module in Node 26", async () => {
    assertEquals((await node("26.10.0", [...register, "app.mjs"])).out, expected);
  });
  await check("register: the same in Node 22", async () => {
    const flags = ["--experimental-wasm-modules", ...register];
    assertEquals((await node("22", [...flags, "app.mjs"])).out, expected);
  });
  await check("register: Node 20 has no hooks, and is told what needs them", async () => {
    const { err } = await node("20", [...register, "app.mjs"]);
    assertMatch(err, /Error: @windlass\/component\/register needs module\.registerHooks, .* this is Node 20\.\d+\.\d+/);
  });
  await check("register: WASI grants nothing without a configuration, which may be another file", async () => {
    const text = 'import { run } from "./hello.wasm"; run.run(); console.log("ran");';
    await Deno.writeTextFile(`${PROJECT}/node/nothing.mjs`, "");
    await Deno.writeTextFile(
      `${PROJECT}/node/object.mjs`,
      'export const wasi = { args: ["hello", "all"], stdout: "inherit" };',
    );
    assertEquals((await program("run.mjs", text, { WINDLASS_CONFIG: "nothing.mjs" })).out, "ran\n");
    assertEquals((await program("run.mjs", text, { WINDLASS_CONFIG: "object.mjs" })).out, "Hello, all!\nran\n");
  });
  await check("register: functions that give promises, by the configuration", async () => {
    const text = 'import { api } from "./greet.wasm"; console.log(api.greet("x") instanceof Promise);';
    const config = 'export * from "./windlass.config.mjs"; export const promising = true;';
    await Deno.writeTextFile(`${PROJECT}/node/promising.mjs`, config);
    const { out } = await program("promise.mjs", text, { WINDLASS_CONFIG: "promising.mjs" });
    assertMatch(out, /^the component says.*\ntrue\n$|^true\n/);
  });
  await check("register: what is missing or misspelt is said", async () => {
    const text = 'import "./greet.wasm";';
    const missing = await program("missing.mjs", text, { WINDLASS_CONFIG: "nothing.mjs" });
    assertMatch(
      missing.err,
      /Error: greet\.wasm imports demo:greet\/host@1\.0\.0: say what gives it in windlass\.config/,
    );
    await Deno.writeTextFile(`${PROJECT}/node/misspelt.mjs`, "export const import_ = {};");
    const misspelt = await program("missing.mjs", text, { WINDLASS_CONFIG: "misspelt.mjs" });
    assertMatch(misspelt.err, /TypeError: unknown export of misspelt\.mjs `import_`.*imports/);
    await Deno.writeTextFile(`${PROJECT}/node/wrong.mjs`, 'export const imports = "./host.mjs";');
    const wrong = await program("missing.mjs", text, { WINDLASS_CONFIG: "wrong.mjs" });
    assertMatch(wrong.err, /TypeError: `imports` of wrong\.mjs must be an object of strings/);
    await Deno.writeFile(`${PROJECT}/node/broken.wasm`, Uint8Array.of(0, 0x61, 0x73, 0x6d, 13, 0, 1, 0, 99));
    const broken = await program("broken.mjs", 'import "./broken.wasm";');
    assertMatch(broken.err, /CompileError: Cannot decode/);
  });
}
