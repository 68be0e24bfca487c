/// <reference lib="dom" />

// A command: its arguments, what it reads, what it writes and the code that it exits with. Each run
// is an instance of its own.

import { features } from "@windlass/component";
import { run } from "@windlass/component/wasi";
import { type CallForm, formOf, Outcome } from "./call_form.ts";
import { el, errorText, textField, timeText } from "./dom.ts";
import { field } from "./inputs.ts";
import { outputTo, ownImports, type Session } from "./session.ts";

/** Whether an exported interface is a command's. */
export function isCommand(name: string): boolean {
  return /^wasi:cli\/run@0\.2\./.test(name);
}

/** Words as a shell takes them apart: spaces between them, quotes around those that have spaces. */
export function wordsOf(line: string): string[] {
  return Array.from(
    line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g),
    ([word]) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"),
  );
}

const quote = (word: string): string => /^[^\s"']+$/.test(word) ? word : `"${word}"`;

/** The form of a command. */
export function commandForm(session: Session): CallForm {
  const { component, scripts, calls, objects } = session;
  const args = el("input", { type: "text", label: "Arguments", placeholder: "none" });
  const stdin = textField("", { rows: 1, label: "Standard input", placeholder: "empty" });
  stdin.dataset.lines = "many";
  for (const element of [args, stdin]) element.spellcheck = false;
  args.autocomplete = "off";
  const outcome = new Outcome();
  const screen = el("pre", { className: "screen", tabIndex: 0, hidden: true, label: "What the command wrote" });
  const stop = el("button", { type: "button", className: "small", textContent: "Stop", hidden: true });
  let ending = new AbortController();
  stop.addEventListener("click", () => ending.abort(new Error("stopped")));
  const send = async (): Promise<void> => {
    outcome.clear();
    screen.replaceChildren();
    screen.hidden = false;
    ending = new AbortController();
    stop.hidden = false;
    const words = wordsOf(args.value);
    const entry = calls.call(`run(${words.map((word) => JSON.stringify(word)).join(", ")})`);
    const started = performance.now();
    const output = (name: string, text: string): void => {
      calls.output(name, text);
      screen.append(name === "stderr" ? el("span", { className: "bad", textContent: text }) : text);
    };
    try {
      const { exitCode, ...captured } = await run(component, {
        args: ["program", ...words],
        stdin: stdin.value,
        // Shown as it comes, or at the end where an engine cannot suspend a guest.
        ...features.jspi ? outputTo({ output }) : { stdout: "capture", stderr: "capture" },
        imports: ownImports(component, scripts, calls, objects),
        signal: ending.signal,
      });
      for (const [name, bytes] of Object.entries(captured)) output(name, new TextDecoder().decode(bytes));
      entry.returned(`exit code ${exitCode}`);
      outcome.show(`exit code ${exitCode}, after ${timeText(performance.now() - started)}`, exitCode !== 0);
    } catch (error) {
      entry.threw(errorText(error));
      outcome.show(errorText(error), true);
    } finally {
      stop.hidden = true;
      if (screen.textContent === "") screen.hidden = true;
    }
  };
  const { form, send: once } = formOf(
    "the command",
    "Run",
    send,
    field("arguments", undefined, { element: args }),
    field("standard input", undefined, { element: stdin }),
  );
  form.querySelector(".actions")!.append(stop);
  form.append(screen, outcome.element);
  return {
    element: el("div", { className: "item" }, form),
    title: "run",
    fill: (values) => args.value = values.map((value) => quote(String(value))).join(" "),
    values: () => wordsOf(args.value),
    send: once,
  };
}
