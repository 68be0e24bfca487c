// deno task demo: loads a component, shows what it imports and exports, calls it with typed and
// dynamic host functions,
// and shows what a wrong link and a wrong value look like.

import { compile, type ExternItem, HostFunc, instantiate, Linker, t, type ValType } from "@windlass/component";

function show(items: readonly ExternItem[], indent = "  "): void {
  for (const { name, type } of items) {
    if (type.kind === "func") {
      const params = type.type.params.map((param) => `${param.name}: ${kind(param.type)}`).join(", ");
      const result = type.type.result === undefined ? "" : ` -> ${kind(type.type.result)}`;
      console.log(`${indent}${name}: func(${params})${result}`);
    } else {
      console.log(`${indent}${name}: ${type.kind}`);
      if (type.kind === "instance") show(type.exports, `${indent}  `);
    }
  }
}

function kind(type: ValType): string {
  switch (type.kind) {
    case "record":
      return `record { ${type.fields.map((field) => `${field.name}: ${kind(field.type)}`).join(", ")} }`;
    case "result":
      return `result<${type.ok ? kind(type.ok) : "_"}, ${type.err ? kind(type.err) : "_"}>`;
    case "list":
    case "option":
      return `${type.kind}<${kind(type.element)}>`;
    default:
      return type.kind;
  }
}

function attempt(what: string, action: () => unknown): void {
  try {
    action();
    console.log(`${what}: succeeded`);
  } catch (error) {
    console.log(`${what}:\n  ${(error as Error).name}: ${(error as Error).message}`);
  }
}

const HOST = "demo:greet/host@1.0.0", API = "demo:greet/api@1.0.0";
const bytes = await Deno.readFile(new URL("../tests/e2e/fixtures/greet.wasm", import.meta.url));

const start = performance.now();
const component = await compile(bytes);
const compiled = performance.now();
console.log(`A component of ${bytes.length} bytes, compiled in ${(compiled - start).toFixed(1)} ms.`);
console.log("It imports");
show(component.imports);
console.log("and exports");
show(component.exports);

console.log("\n— A plain host function: values converted by the component's own types");
const instance = await instantiate(component, {
  [HOST]: { log: (line) => console.log(`  the guest logs ${JSON.stringify(line)}`) },
});
const api = instance.exports[API];
console.log(`  greet("world") gives ${JSON.stringify(api.greet("world"))}`);
console.log(`  summarise("WINDLASS") gives`, api.summarise("WINDLASS"));
attempt(`  summarise("") throws`, () => api.summarise(""));

console.log("\n— A typed one, checked when linking; told the instance's data");
const linker = new Linker<{ user: string }>();
linker.instance(HOST).func(
  "log",
  HostFunc.typed(t.func([t.string]), (caller, line) => console.log(`  ${caller.data.user} hears ${line}`), {
    caller: true,
  }),
);
const linked = linker.link(component);
for (const user of ["ann", "bob"]) {
  const greet = (await linked.instantiate({ data: { user } })).func(`${API}#greet`, t.func([t.string], t.string));
  greet(user);
}

console.log("\n— A dynamic one, made from the import's type");
const dynamic = new Linker();
dynamic.instance(HOST).func(
  "log",
  HostFunc.dynamic((name, type) => (...args) => console.log(`  ${name} takes ${type.params.length} parameter:`, args)),
);
(await dynamic.link(component).instantiate()).interface(API)!.greet("you");

console.log("\n— What goes wrong says where");
attempt("  linking with a wrong type", () => {
  const wrong = new Linker();
  wrong.instance(HOST).func("log", HostFunc.typed(t.func([t.u32]), () => {}));
  wrong.link(component);
});
attempt("  linking with nothing", () => new Linker().define({ [HOST]: { lag: () => {} } }).link(component));
attempt("  calling with a wrong value", () => api.greet(42));
const faulty = await instantiate(component, {
  [HOST]: {
    log: () => {
      throw new RangeError("the host's own exception comes out as it is");
    },
  },
});
attempt("  a host function that throws", () => faulty.exports[API].greet("world"));
attempt("  the instance afterwards", () => faulty.exports[API].greet("world"));

const calls = 100_000;
const quiet = (await instantiate(component, { [HOST]: { log: () => {} } })).exports[API];
quiet.greet("warm-up");
const before = performance.now();
for (let i = 0; i < calls; i++) quiet.greet("world");
const perCall = (performance.now() - before) * 1e6 / calls;
console.log(
  `\n${calls} calls of greet, each with a string in, a string out and a call back: ${perCall.toFixed(0)} ns a call.`,
);
