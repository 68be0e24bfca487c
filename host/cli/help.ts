// What `--help` says: of the program, and of each command. Each text fits a screen of 24 lines of
// 80 columns. Completion reads the options and their descriptions from here, too.

/** The commands, in the order of their help. */
export type CommandName = "run" | "serve" | "inspect" | "types" | "split" | "wrap" | "completion";

const file = `FILE is a component's binary; - is the standard input.`;

/** What `run` and `serve` give, and what they bound. */
const given = `  --dir HOST::GUEST     a directory of the host's, by the guest's name for it;
                        HOST alone has the same name inside
  --dir-read-only HOST::GUEST  likewise, but nothing can be changed
  --env NAME=VALUE      a variable; NAME alone passes this process's on
  --allow-http HOST     requests to example.com, *.example.com, or * for all
  --allow-sockets       TCP and UDP, to everywhere
  --max-memory-pages N  no memory exceeds N pages of 64 KiB
  --fuel N              at most N units of work, about one an instruction`;

const plugged = `  --plug FILE           a component whose exports satisfy imports of FILE
  --trace               calls, values and times on the standard error`;

/** The help of each command: one line, how it is called, and the rest. */
const commands: Readonly<Record<CommandName, readonly [what: string, usage: string, text: string]>> = {
  run: [
    "runs a command, or calls one function",
    "[run] [OPTIONS] FILE [ARGS…]",
    `${given}
  --timeout MS          at most MS milliseconds in all, or 10s, or 2m
${plugged}
  --invoke 'f(1, "x")'  calls an exported function and prints its result: f or
                        ns:pkg/iface#f; values in WAVE: 1, "x", [1], {a: 1},
                        case(1), some(1), none, ok(1), err(1)

Nothing else is given. Options stand before FILE; all after it are the command's
own arguments. It exits with the command's code; 1 after an error, 2 if it was
called wrongly, 134 after a trap. FILE is a binary; - is the standard input.`,
  ],
  serve: [
    "serves HTTP with a handler of wasi:http",
    "serve [OPTIONS] FILE",
    `  --addr HOST:PORT      where; default 127.0.0.1:8080
  --instances N         at most N instances, used again; default one a request
  --reuse N             at most N requests an instance; needs --instances
  --quiet               no line per request, no prefix before the guest's output
${given}
  --timeout MS          a response begins in MS milliseconds (10s, 2m), else 504
${plugged}

The first SIGINT or SIGTERM lets running requests end, a second ends at once.
FILE is a component's binary; - is the standard input. Nothing else is given.`,
  ],
  inspect: [
    "prints a component's world as WIT",
    "inspect [OPTIONS] FILE",
    `  --wit                 the world only; without it, its core modules and what
                        they need of an engine follow on the standard error
  --json                one JSON object on the standard output instead, whose
                        shape docs/cli.md describes: shape, file, bytes, wit,
                        imports, exports, modules
  --plug FILE           a component whose exports satisfy imports of FILE

${file}`,
  ],
  types: [
    "prints a world as TypeScript",
    "types [OPTIONS] FILE",
    `  -o, --output OUT      a file to write; default the standard output
  --world NAME          what the type is called; default World
  --wit-world NAME      which world of the WIT, where there are several
  --module              the types of FILE as a module, written beside it as
                        NAME.d.wasm.ts, where TypeScript looks for them with
                        allowArbitraryExtensions; not those of its world alone

FILE is a component's binary, a .wit file or a folder of them; - is a component
on the standard input. WIT needs npm's @bytecodealliance/jco-transpile, which
encodes it. Comments of the WIT come along where a binary has them.`,
  ],
  split: [
    "takes the core modules out of a component",
    "split [OPTIONS] FILE -o DIR",
    `Writes NAME.core0.wasm, NAME.core1.wasm, … and NAME.rest.wasm, the component
without them, and prints their paths: for hosts that forbid compiling.
compile(rest, { modules }) takes the modules, which the host has compiled, in
the order of their numbers.

  -o, --output DIR      where to
  --max-memory-pages N  no memory of them exceeds N pages of 64 KiB
  --metering            they take fuel and deadlines, with metering: true; the
                        last module is then the library's own, for that

${file}`,
  ],
  wrap: [
    "writes a component as a JavaScript module",
    "wrap [OPTIONS] FILE -o DIR",
    `Writes NAME.js, its types NAME.d.ts, and the bytes NAME.wasm. NAME.js imports
this library and what the component imports, by the component's names for it.

  -o, --output DIR      where to
  --inline              the bytes are in NAME.js
  --modules import      core modules are files that NAME.js imports, for hosts
                        that forbid compiling; or source: in the source phase
  --serve               its default export is { fetch }, of a wasi:http handler
  --instances N         with --serve: at most N instances; default one a request
  --promising           its functions give promises, and may wait for the host
  --map SPECIFIER=TARGET  imports TARGET instead; it may be relative to NAME.js
  --wasi MODULE         exports \`wasi\`: WASI's options, or a function that gives
                        them for a file's name; without it WASI grants nothing
  --ahead               nothing is decoded or generated at its start; calls are
                        fast without eval; it exports instantiate(imports)
  --metering            with --ahead: it can be given fuel and deadlines
  --library SPECIFIER   this library; default @windlass/component
  --max-memory-pages N  no memory of it exceeds N pages of 64 KiB

${file}`,
  ],
  completion: [
    "prints a script that completes words of commands",
    "completion SHELL",
    `SHELL is bash, zsh or fish.

  bash   eval "$(windlass completion bash)"                       in ~/.bashrc
  zsh    windlass completion zsh > ~/.zfunc/_windlass      a folder of $fpath
  fish   windlass completion fish > ~/.config/fish/completions/windlass.fish`,
  ],
};

/** All commands, in the order of their help. */
export const commandNames: readonly CommandName[] = Object.keys(commands) as CommandName[];

/** Whether a word is a command's name. */
export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

/** The help of a command. */
export function commandHelp(name: CommandName): string {
  const [what, usage, text] = commands[name];
  return `windlass ${name}: ${what}.\n\nUsage: windlass ${usage}\n\n${text}\n`;
}

/** What a command does, in one line. */
export function summaryOf(name: CommandName): string {
  return commands[name][0];
}

/** An option as the help has it. */
export interface OptionHelp {
  readonly name: string;
  readonly short: string | undefined;
  /** What stands for its value. `undefined` if it takes none. */
  readonly value: string | undefined;
  /** The first line of its description. */
  readonly what: string;
}

/** The options of a command, from its help. */
export function optionsOf(name: CommandName): OptionHelp[] {
  const lines = commands[name][2].matchAll(/^ {2}(?:-(\w), )?--([\w-]+)(?: (\S+|'[^']*'))?(?: {2,}(.*))?$/gm);
  return [...lines].map(([, short, option = "", value, what = ""]) => ({ name: option, short, value, what }));
}

/** The help of the program. */
export function programHelp(): string {
  const lines = Object.entries(commands).map(([, [what, usage]]) => `  ${usage.padEnd(30)}${what}`);
  return `Runs WebAssembly components.

Usage: windlass COMMAND, or windlass [OPTIONS] FILE, which runs it

${lines.join("\n")}

  COMMAND --help, help COMMAND  says all of a command; for run, before FILE
  --help, --version             -h, -V
`;
}
