/** Command line of the agent: the only place that knows the process, its signals and its exit code. */
import { randomInt } from "node:crypto";
import { destination, pino } from "pino";
import { Agent } from "./agent.js";
import { isCommand, runCommand } from "./cli/run-command.js";
import { readAgentConfig } from "./config.js";
import { codeOf, messageOf } from "./errors.js";

/** What an attacker must not guess is made of it: cookies of NTP requests. Uniform in [0, 1), of 48 bits. */
const random = (): number => randomInt(2 ** 48 - 1) / 2 ** 48;

const version = "0.1.0";

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (isCommand(argv[0])) {
    const terminal = { out: (text: string) => void process.stdout.write(text), err: (text: string) => void process.stderr.write(text) };
    process.exitCode = await runCommand(argv, terminal);
    return;
  }
  const config = readAgentConfig(argv, version);
  if (config === null) return;
  const log = pino({ level: config.logLevel, base: { node: config.nodeName } }, destination({ fd: 1, sync: true }));
  const agent = new Agent(config, log, version, random);
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal }, "stopping; the clock keeps its frequency");
    agent.stop();
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  await agent.start();
  log.info({ version, mode: config.mode, probes: agent.probePort }, "running");
}

main().catch((error: unknown) => {
  process.stderr.write(`meridian-agent: ${codeOf(error, "unexpected")}: ${messageOf(error)}\n`);
  // What was opened before the failure would keep the process alive; ending it leaves the clock at its last frequency.
  process.exit(1);
});
