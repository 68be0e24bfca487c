// `completion`: scripts that complete the words of a command line, for three shells.
// The commands and options of the help enter, a script leaves. The script asks the program nothing
// while somebody types: starting it takes longer than a completion may.

import { UsageError } from "./arguments.ts";
import { type CommandName, commandNames, type OptionHelp, optionsOf, summaryOf } from "./help.ts";

/** The shells that there are scripts for. */
const SHELLS = ["bash", "zsh", "fish"] as const;

/** Options whose value is a path. */
const PATHS: Readonly<Record<string, "file" | "dir">> = {
  dir: "dir",
  "dir-read-only": "dir",
  plug: "file",
  output: "file",
};

/** Prints the script for a shell. */
export function completionScript(shell: string): string {
  switch (shell) {
    case "bash":
      return bash();
    case "zsh":
      return zsh();
    case "fish":
      return fish();
    default:
      throw new UsageError(`no completion for ${shell}: there is ${SHELLS.join(", ")}`);
  }
}

/** The options of a command, with those that all have. */
function allOptions(name: CommandName): OptionHelp[] {
  return [...optionsOf(name), { name: "help", short: "h", value: undefined, what: "what the command does" }];
}

/** A text in single quotes of a shell. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function bash(): string {
  const cases = commandNames.map((name) => {
    const words = name === "completion" ? [...SHELLS, "--help"] : allOptions(name).map(({ name }) => `--${name}`);
    return `    ${name}) words=${quote(words.join(" "))} ;;`;
  });
  const options = new Map(commandNames.flatMap(allOptions).map((option) => [option.name, option]));
  const valued = [...options.values()].filter(({ name, value }) => value !== undefined && PATHS[name] === undefined);
  const paths = (kind: "file" | "dir") => Object.keys(PATHS).filter((name) => PATHS[name] === kind);
  return `# bash completion for windlass; eval "$(windlass completion bash)"
_windlass() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words
  COMPREPLY=()
  case $previous in
    ${paths("dir").map((name) => `--${name}`).join("|")}) COMPREPLY=($(compgen -d -- "$current")); return ;;
    ${paths("file").map((name) => `--${name}`).join("|")}|-o) COMPREPLY=($(compgen -f -- "$current")); return ;;
    ${valued.map(({ name }) => `--${name}`).join("|")}) return ;;
  esac
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
    help) words=${quote(commandNames.join(" "))} ;;
    *) words=${quote(allOptions("run").map(({ name }) => `--${name}`).join(" "))} ;;
  esac
  if [[ $COMP_CWORD == 1 && $current != -* ]]; then words=${quote([...commandNames, "help"].join(" "))}; fi
  if [[ $current != -* && \${COMP_WORDS[1]} != @(completion|help) ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
  if [[ $current == -* || $COMP_CWORD == 1 || \${COMP_WORDS[1]} == @(completion|help) ]]; then
    COMPREPLY+=($(compgen -W "$words" -- "$current"))
  fi
}
complete -o filenames -F _windlass windlass
`;
}

/** A description as zsh's _arguments takes it. */
const zshText = (text: string): string => text.replaceAll(/[\\[\]:]/g, "\\$&");

function zshOption({ name, short, value, what }: OptionHelp): string {
  const action = value === undefined
    ? ""
    : `:${zshText(value)}:${{ file: "_files", dir: "_files -/", none: " " }[PATHS[name] ?? "none"]}`;
  const spelt = short === undefined ? `--${name}` : `(-${short} --${name})--${name}`;
  return quote(`*${spelt}[${zshText(what)}]${action}`.replace(/^\*\(/, "("));
}

function zsh(): string {
  const cases = commandNames.map((name) => {
    const rest = name === "completion" ? `1:shell:(${SHELLS.join(" ")})` : "*:file:_files";
    return `    ${name}) _arguments ${[...allOptions(name).map(zshOption), quote(rest)].join(" ")} ;;`;
  });
  return `#compdef windlass
_windlass() {
  local -a commands=(${commandNames.map((name) => quote(`${name}:${summaryOf(name)}`)).join(" ")})
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe command commands
    _files
    return
  fi
  local command=run
  if [[ $words[2] == (${commandNames.join("|")}|help) ]]; then
    command=$words[2]
    shift words
    (( CURRENT-- ))
  fi
  case $command in
${cases.join("\n")}
    help) _describe command commands ;;
  esac
}
if [[ $funcstack[1] == _windlass ]]; then _windlass "$@"; else compdef _windlass windlass; fi
`;
}

function fish(): string {
  const lines = commandNames.map((name) =>
    `complete -c windlass -n __fish_use_subcommand -a ${name} -d ${quote(summaryOf(name))}`
  );
  for (const name of commandNames) {
    // Without a command it is `run`.
    const bare = name === "run" ? "__fish_use_subcommand; or " : "";
    const seen = `-n '${bare}__fish_seen_subcommand_from ${name}'`;
    if (name === "completion") lines.push(`complete -c windlass ${seen} -f -a ${quote(SHELLS.join(" "))}`);
    for (const option of allOptions(name)) {
      const short = option.short === undefined ? "" : ` -s ${option.short}`;
      const value = option.value === undefined ? "" : PATHS[option.name] === undefined ? " -x" : " -r";
      lines.push(`complete -c windlass ${seen} -l ${option.name}${short}${value} -d ${quote(option.what)}`);
    }
  }
  return `# fish completion for windlass\n${lines.join("\n")}\n`;
}
