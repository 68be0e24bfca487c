// What `--help` says: of the program, and of each command.

/** The commands, in the order of their help. */
export type CommandName = "run" | "serve" | "inspect" | "types" | "split" | "wrap";

const file = `FILE is a component's binary; - is the standard input.`;

const capabilities = `What it is given (nothing else):
  --dir HOST::GUEST         a directory of the host's, by the guest's name for it; HOST alone has the same name inside
  --dir-read-only HOST::GUEST
  --env NAME=VALUE          an environment variable; NAME alone passes this process's on
  --allow-http HOST         requests to a host: example.com, example.com:8080, *.example.com, or * for all
  --allow-sockets           TCP and UDP, to everywhere
  --max-memory-pages N      no memory of it exceeds N pages of 64 KiB
  --fuel N                  it executes N units at most, about one for each instruction
  --timeout MS              it may not compute for longer without waiting for something, nor \`run\` wait longer`;

/** The help of each command: one line, how it is called, and the rest. */
const commands: Readonly<Record<CommandName, readonly [what: string, usage: string, text: string]>> = {
  run: [
    "runs a command (wasi:cli/command), or one function",
    "run [OPTIONS] FILE [ARGS…]",
    `Options stand before FILE: what follows it are the command's own arguments, also what looks like an option. A -- right
after FILE is left out.

  --invoke 'f(1, "x")'      calls an exported function instead and prints its result;
                            'ns:pkg/iface#f(1)' for one in an interface, f alone where no other has that name;
                            values as in WAVE: 1, -2.5, true, 'c', "text", [1, 2], (1, "a"), {field: 1}, {"key": 1},
                            case(1), %ok (a case that is called like a keyword), some(1), none, ok(1), err(1)

${capabilities}

It exits with the command's code, with 134 after a trap. ${file}
With -, the command's own standard input is empty.`,
  ],
  serve: [
    "serves HTTP with a wasi:http/handler or incoming-handler",
    "serve [OPTIONS] FILE",
    `  --addr HOST:PORT          where; default 127.0.0.1:8080
  --instances N             uses at most N instances again and again; default one for each request

${capabilities}

${file}`,
  ],
  inspect: [
    "prints a component's world as WIT",
    "inspect [OPTIONS] FILE",
    `The world goes to the standard output. What it is made of (its core modules, what they need of an engine) goes to the
standard error.

  --json                    one JSON object on the standard output instead: file, bytes, wit, imports and exports by name
                            and kind, modules with their size, imports, exports and features

${file}`,
  ],
  types: [
    "prints a component's world as TypeScript, for instantiate<World>",
    "types [OPTIONS] FILE",
    `  -o, --output OUT          a file to write; default the standard output
  --world NAME              what the type is called; default World
  --module                  the types of FILE as a module, written beside it as NAME.d.wasm.ts, where TypeScript looks for
                            them with allowArbitraryExtensions; not those of its world alone

${file}`,
  ],
  split: [
    "takes a component's core modules out of it, for hosts that forbid compiling",
    "split [OPTIONS] FILE -o DIR",
    `Writes NAME.core0.wasm, NAME.core1.wasm, … and NAME.rest.wasm, the component without them, and prints their paths.
compile(rest, { modules }) takes the modules, compiled by the host, in the order of their numbers.

  -o, --output DIR          where to
  --max-memory-pages N      no memory of them exceeds N pages of 64 KiB
  --metering                they can be given fuel and deadlines: compile(rest, { modules, metering: true }); one more
                            module, with the last number, is what the library needs for that

${file}`,
  ],
  wrap: [
    "writes a component as a JavaScript module",
    "wrap [OPTIONS] FILE -o DIR",
    `Writes NAME.js, its types NAME.d.ts, and the bytes NAME.wasm, and prints their paths. The module imports this library
and what the component imports, by its names for it: instances by named imports, functions by the default one.

  -o, --output DIR          where to
  --inline                  the bytes are in NAME.js
  --modules import          core modules are files of their own that NAME.js imports, for hosts that forbid compiling;
                            --modules source imports them in the source phase
  --serve                   the module's default export is { fetch }, made of a wasi:http handler
  --instances N             with --serve: at most N instances again and again; default one for each request
  --promising               its functions give promises, and may wait for the host (JSPI)
  --map SPECIFIER=TARGET    imports TARGET instead; it may be relative to NAME.js
  --wasi MODULE             a module that exports \`wasi\`: the options of WASI, or a function that gives them for a file's
                            name; without it WASI grants nothing
  --ahead                   everything is done ahead of time: nothing is decoded, validated or generated when it starts, and
                            calls are fast where eval is forbidden. NAME.js exports instantiate(imports, options)
  --metering                with --ahead: it can be given fuel and deadlines
  --library SPECIFIER       this library; default @windlass/component, may be the path of its mod.js
  --max-memory-pages N      no memory of it exceeds N pages of 64 KiB

${file}`,
  ],
};

/** Whether a word is a command's name. */
export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

/** The help of a command. */
export function commandHelp(name: CommandName): string {
  const [what, usage, text] = commands[name];
  return `windlass ${name}: ${what}.\n\nUsage: windlass ${usage}\n\n${text}\n`;
}

/** The help of the program. */
export function programHelp(): string {
  const lines = Object.entries(commands).map(([, [what, usage]]) => {
    return usage.length < 26 ? `  ${usage.padEnd(28)}${what}` : `  ${usage}\n  ${"".padEnd(28)}${what}`;
  });
  return `Runs WebAssembly components.

Usage: windlass COMMAND

${lines.join("\n")}

  COMMAND --help              says all of a command; for run, before FILE
  --help, --version
`;
}
