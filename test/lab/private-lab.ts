/**
 * Namespaces of their own for a program that cannot move into them itself, such as a test runner: a process holds them open,
 * and whatever belongs inside is started through `inside`. They end with that process, and it ends with us.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { labError } from "./errors.js";
import { findNamespaceFlags } from "./private-namespace.js";

/** Loopback up, a /run for the names of network namespaces, then waits for its standard input to end. */
const holder = "ip link set lo up && mount -t tmpfs tmpfs /run && echo ready && exec cat";

export class PrivateLab {
  readonly #child: ChildProcess;
  readonly #enter: readonly string[];

  private constructor(child: ChildProcess, enter: readonly string[]) {
    this.#child = child;
    this.#enter = enter;
  }

  /** @returns null where no namespaces can be made */
  static async start(): Promise<PrivateLab | null> {
    const flags = findNamespaceFlags();
    if (flags === null) return null;
    const child = spawn("unshare", [...flags, "--", "sh", "-c", holder], { stdio: ["pipe", "pipe", "inherit"] });
    const ready = await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    if (!String(ready[0]).startsWith("ready")) throw labError("MER_LAB_COMMAND_FAILED", `cannot make a lab: ${String(ready[0])}`);
    const user = flags.includes("--user") ? ["--user", "--preserve-credentials"] : [];
    return new PrivateLab(child, ["nsenter", "--target", String(child.pid), ...user, "--net", "--mount", "--"]);
  }

  /** A command as it must be started to run inside. It replaces itself, so that the pid is the program's. */
  inside(program: string, args: readonly string[]): { program: string; args: string[] } {
    const [enter = "", ...rest] = this.#enter;
    return { program: enter, args: [...rest, program, ...args] };
  }

  /** Runs a command to its end. @returns what it printed. @throws MER_LAB_COMMAND_FAILED */
  run(program: string, args: readonly string[], input?: string): string {
    const command = this.inside(program, args);
    const options = { encoding: "utf8", maxBuffer: 1 << 26, ...(input === undefined ? {} : { input }) } as const;
    const { status, stdout, stderr, error } = spawnSync(command.program, command.args, options);
    if (status !== 0) throw labError("MER_LAB_COMMAND_FAILED", `${program} ${args.join(" ")}: ${(error?.message ?? stderr).trim()}`);
    return stdout;
  }

  /** Everything that was started inside must have ended. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.stdin?.end();
    await ended;
  }
}
