// `completion`: what a shell makes of the script. In Deno, where there are processes. A shell that
// is not installed is not asked.

import { assert, assertEquals } from "@std/assert";
import { main } from "@windlass/component/cli";
import { withTerminal } from "../../host/cli/terminal.ts";
import { TestTerminal, windlass } from "./support.ts";

/** The script for a shell. */
async function scriptFor(shell: string): Promise<string> {
  const terminal = new TestTerminal();
  assertEquals(await withTerminal(terminal, () => main(["completion", shell])), 0);
  return terminal.stdout;
}

/** What a shell prints. `undefined` if it is not installed. */
async function shell(name: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr, success } = await new Deno.Command(name, { args: [...args] }).output();
    assert(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

Deno.test("bash completes commands, options and files", async () => {
  const script = await scriptFor("bash");
  const completed = async (...words: readonly string[]) => {
    const line = words.map((word) => `'${word}'`).join(" ");
    const text =
      `${script}\nCOMP_WORDS=(windlass ${line}); COMP_CWORD=${words.length}; _windlass; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return (await shell("bash", ["-c", text]))?.trim().split("\n");
  };
  if (await completed("insp") === undefined) return;
  assertEquals(await completed("insp"), ["inspect"]);
  assertEquals(await completed("serve", "--re"), ["--reuse"]);
  assertEquals(await completed("--fu"), ["--fuel"]);
  assertEquals(await completed("completion", ""), ["bash", "zsh", "fish", "--help"]);
  assertEquals(await completed("inspect", "--plug", "host/cli.t"), ["host/cli.ts"]);
  assertEquals(await completed("run", "--dir", "host/cl"), ["host/cli"]);
  assertEquals(await completed("serve", "--addr", ""), [""]);
});

Deno.test("zsh and fish can read their scripts; fish completes by them", async () => {
  const zsh = await scriptFor("zsh"), fish = await scriptFor("fish");
  await shell("zsh", ["-n", "-c", zsh]);
  assert(zsh.startsWith("#compdef windlass\n"));
  const completed = await shell("fish", [
    "-c",
    `${fish}\ncomplete -C 'windlass serve --reu'; complete -C 'windlass --plu'`,
  ]);
  if (completed !== undefined) {
    assertEquals(completed.split("\n").map((line) => line.split("\t")[0]), ["--reuse", "--plug", ""]);
  }
});

Deno.test("a shell without a script is refused", async () => {
  const { code, err } = await windlass(["completion", "tcsh"]);
  assertEquals([code, err.split("\n")[0]], [2, "error: no completion for tcsh: there is bash, zsh, fish"]);
});
