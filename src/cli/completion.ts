import type { Command, Option } from "commander";
import { strategies } from "../strategies/index.ts";
import { EXIT } from "./exit.ts";
import { output } from "./output.ts";

const FILE_OPTIONS = new Set(["--problems", "--prices", "--journal", "--bank", "--map", "--to", "--trace"]);

/** One completable option: its name, what it does, and what may follow it. */
interface Flag {
  readonly name: string;
  readonly about: string;
  /** Words that may follow; "file" for a path; `undefined` for a switch or free text. */
  readonly values?: readonly string[] | "file";
  readonly takesValue: boolean;
}

interface Sub {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly Flag[];
  /** Words that may stand as its argument. */
  readonly words: readonly string[];
}

/** `bedacht completion SHELL`: a script made from the commands themselves. */
export async function completionCommand(program: Command, shell: string): Promise<void> {
  const subs = program.commands.map(describe);
  const script = shell === "bash" ? bash(subs) : shell === "zsh" ? zsh(subs) : fish(subs);
  if (!(await output().write(script))) process.exitCode = EXIT.failed;
}

function describe(command: Command): Sub {
  return {
    name: command.name(),
    about: command.description(),
    flags: [
      ...command.options.map(describeOption),
      { name: "--help", about: "print this help", takesValue: false },
    ],
    words: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
  };
}

function describeOption(option: Option): Flag {
  const name = option.long ?? option.flags;
  const values =
    option.argChoices ??
    (FILE_OPTIONS.has(name)
      ? "file"
      : name === "--strategy"
        ? Object.keys(strategies)
        : name === "--generator"
          ? ["pico", "gguf:", "hf:", "openai:"]
          : name === "--verifier"
            ? ["pico", "rule", "judge", "judge:", "prm:", "orm:", "none"]
            : undefined);
  return {
    name,
    about: option.description,
    takesValue: option.required,
    ...(values === undefined ? {} : { values }),
  };
}

function bash(subs: readonly Sub[]): string {
  const values = subs.flatMap((sub) =>
    sub.flags
      .filter((flag) => flag.takesValue)
      .map((flag) => {
        const reply =
          flag.values === "file"
            ? 'COMPREPLY=($(compgen -f -- "$word"))'
            : `COMPREPLY=($(compgen -W "${(flag.values ?? []).join(" ")}" -- "$word"))`;
        return `    ${sub.name}:${flag.name}) ${reply}; return ;;`;
      }),
  );
  const lists = subs.map(
    (sub) => `    ${sub.name}) words="${[...sub.words, ...sub.flags.map((flag) => flag.name)].join(" ")}" ;;`,
  );
  return `# bash completion of bedacht
_bedacht() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${[...subs.map((sub) => sub.name), "help", "--help", "--version"].join(" ")}" -- "$word"))
    return
  fi
  case "$command:$before" in
${values.join("\n")}
  esac
  case "$command" in
${lists.join("\n")}
    help) words="${subs.map((sub) => sub.name).join(" ")}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
COMP_WORDBREAKS=\${COMP_WORDBREAKS//:}
complete -F _bedacht bedacht
`;
}

function zsh(subs: readonly Sub[]): string {
  const quote = (text: string) => text.replaceAll("'", "'\\''").replace(/[[\]:]/g, "\\$&");
  const cases = subs.map((sub) => {
    const flags = sub.flags.map((flag) => {
      const action =
        flag.values === "file"
          ? ":file:_files"
          : flag.takesValue
            ? `:value:(${(flag.values ?? []).map(quote).join(" ")})`
            : "";
      return `        '${flag.name}[${quote(flag.about)}]${action}'`;
    });
    const words = sub.words.length > 0 ? [`        '1:word:(${sub.words.join(" ")})'`] : [];
    return `      ${sub.name})\n        _arguments \\\n${[...flags, ...words].join(" \\\n")}\n        ;;`;
  });
  return `#compdef bedacht
_bedacht() {
  local -a commands
  commands=(
${subs.map((sub) => `    '${sub.name}:${quote(sub.about)}'`).join("\n")}
    'help:print the help of a command'
  )
  if (( CURRENT == 2 )); then
    _describe command commands
  else
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
${cases.join("\n")}
    esac
  fi
}
if [ "$funcstack[1]" = "_bedacht" ]; then _bedacht "$@"; else compdef _bedacht bedacht; fi
`;
}

function fish(subs: readonly Sub[]): string {
  const quote = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = subs.flatMap((sub) => {
    const inside = `-n '__fish_seen_subcommand_from ${sub.name}'`;
    return [
      `complete -c bedacht -n __fish_use_subcommand -a ${sub.name} -d ${quote(sub.about)}`,
      ...sub.words.map((word) => `complete -c bedacht ${inside} -a ${word}`),
      ...sub.flags.map((flag) => {
        const value =
          flag.values === "file"
            ? " -r -F"
            : flag.takesValue
              ? ` -x -a ${quote((flag.values ?? []).join(" "))}`
              : "";
        return `complete -c bedacht ${inside} -l ${flag.name.slice(2)}${value} -d ${quote(flag.about)}`;
      }),
    ];
  });
  return `# fish completion of bedacht\ncomplete -c bedacht -f\n${lines.join("\n")}\n`;
}
