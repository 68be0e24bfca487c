// A plugin host: plugins are components that see nothing but three functions of ours, each plugin
// with data and limits of its own.

import { compile, HostFunc, Linker, t, Trap } from "@windlass/component";

/** What the host keeps for each plugin. */
interface Plugin {
  readonly name: string;
  readonly lines: string[];
}

const linker = new Linker<Plugin>();
// Typed: TypeScript knows what `line` is, and the component's own type is checked when it is
// linked.
linker.instance("demo:greet/host@1.0.0").func(
  "log",
  HostFunc.typed(
    t.func([t.string]),
    ({ data }: { data: Plugin }, line) => void data.lines.push(`${data.name} says: ${line}`),
    { caller: true },
  ),
);
const linked = linker.link(await compile(Deno.readFile("tests/e2e/fixtures/greet.wasm"), { metering: true }));

const plugins = ["ann", "bob"].map((name): Plugin => ({ name, lines: [] }));
for (const data of plugins) {
  // No more than 64 KiB of values in one call, 100 handles, 4 MiB of memory, and a tenth of a second.
  const limits = { liftedBytes: 65536, handles: 100, memory: 2 ** 22, deadline: 100 };
  using plugin = await linked.instantiate({ data, limits });
  const greet = plugin.func("demo:greet/api@1.0.0#greet", t.func([t.string], t.string));
  console.log(greet(data.name));
  try {
    greet("x".repeat(100_000)); // it logs what it was given
  } catch (error) {
    if (!(error instanceof Trap)) throw error;
    console.log(error.message);
  }
}
console.log(plugins.flatMap(({ lines }) => lines).join("\n"));
