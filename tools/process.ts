// Running other programs, for tools, benches and tests: what fails, fails whoever called it.

/** Runs a command to its end and gives its output; an error with what it said, if it fails. */
export async function must(command: readonly string[], options: Deno.CommandOptions = {}): Promise<string> {
  const [name = "", ...args] = command;
  const output = await new Deno.Command(name, { args, ...options }).output();
  const piped = (stream: "stdout" | "stderr"): string =>
    (options[stream] ?? "piped") === "piped" ? new TextDecoder().decode(output[stream]) : "";
  if (output.code !== 0) throw new Error(`${command.join(" ")} failed\n${piped("stderr")}`.trimEnd());
  return piped("stdout");
}

/** What it says goes where this process's own output goes. */
export const aloud: Deno.CommandOptions = { stdout: "inherit", stderr: "inherit" };
