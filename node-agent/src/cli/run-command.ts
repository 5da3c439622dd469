/** The commands that show what the running agent does; they change nothing. */
import { Command, CommanderError, Option } from "commander";
import { socketOption } from "../config.js";
import { messageOf } from "../errors.js";
import type { AgentStatus } from "../status/agent-status.js";
import { askAgent } from "./ask-agent.js";
import { formatJson, formatName } from "./format.js";
import { showClocks } from "./show-clocks.js";
import { showSources } from "./show-sources.js";
import { isGood, showStatus } from "./show-status.js";

/** 0: said; 1: no agent could be asked; 2: wrong usage; 3: `status --check`, and the clock is not good. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

interface GivenOptions {
  readonly output: "table" | "json";
  readonly socket: string;
  readonly check?: true;
}

interface ShowCommand {
  readonly name: string;
  readonly about: string;
  /** The part of the document that `-o json` prints. */
  readonly select: (status: AgentStatus) => unknown;
  readonly show: (status: AgentStatus) => string;
}

const commands: readonly ShowCommand[] = [
  { name: "status", about: "how this node's clock is", select: (status) => status, show: showStatus },
  { name: "sources", about: "what each source is worth", select: ({ sources }) => sources, show: ({ sources }) => showSources(sources) },
  { name: "clocks", about: "the clocks of this node", select: ({ clocks }) => clocks, show: ({ clocks }) => showClocks(clocks) },
];

/** Whether that is one of the commands; everything else runs the agent. @param word the first argument */
export const isCommand = (word: string | undefined): boolean => commands.some(({ name }) => name === word);

/** @param argv without program and script */
export async function runCommand(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = 0;
  const program = new Command("meridian-agent").exitOverride().configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  for (const command of commands) {
    const sub = program
      .command(command.name)
      .description(`Shows ${command.about}, as the agent that runs on this node sees it.`)
      .addOption(new Option("-o, --output <format>", "for people or for programs").choices(["table", "json"]).default("table"))
      .addOption(socketOption("Unix socket of the agent"))
      .allowExcessArguments(false)
      .action(async (given: GivenOptions) => {
        code = await runShow(command, given, terminal);
      });
    if (command.name === "status") sub.option("--check", "exit with 3 unless the clock is PhaseAligned with a calibrated bound");
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
}

async function runShow(command: ShowCommand, { output, socket, check }: GivenOptions, terminal: Terminal): Promise<ExitCode> {
  let status: AgentStatus;
  try {
    status = await askAgent(socket);
  } catch (error) {
    terminal.err(`meridian-agent: MER_AGENT_SOCKET: ${formatLines(messageOf(error))}\n`);
    return 1;
  }
  terminal.out(output === "json" ? formatJson(command.select(status)) : command.show(status));
  return check && !isGood(status) ? 3 : 0;
}

const formatLines = (text: string): string =>
  text
    .split("\n")
    .map((line) => formatName(line, 300))
    .join("\n");
