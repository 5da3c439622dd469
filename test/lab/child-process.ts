/**
 * A process of the lab: its output goes to a file, it is told apart from all others by its id, and it is gone when stop()
 * resolves, with all that it started. If we die first, the kernel kills it (PR_SET_PDEATHSIG).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { labError } from "./errors.js";

export interface ProcessOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

export class LabProcess {
  readonly name: string;
  readonly logFile: string;
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  #stopping = false;
  #outcome: string | null = null;

  private constructor(options: ProcessOptions, child: ChildProcess) {
    this.name = options.name;
    this.logFile = options.logFile;
    this.#child = child;
    this.#closed = new Promise((resolve) => {
      child.once("error", (error) => {
        this.#outcome = error.message;
        resolve();
      });
      child.once("exit", (code, signal) => {
        this.#outcome = signal ?? `exit ${String(code)}`;
        resolve();
      });
    });
  }

  static start(options: ProcessOptions): LabProcess {
    const output = openSync(options.logFile, "a");
    try {
      const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", options.program, ...options.args], {
        stdio: ["ignore", output, output],
        env: options.env ?? process.env,
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        // Its own group: Ctrl-C in the terminal reaches the lab, which then stops things in order, each with what it started.
        detached: true,
      });
      return new LabProcess(options, child);
    } finally {
      closeSync(output);
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** How it ended, or null while it runs. */
  get outcome(): string | null {
    return this.#outcome;
  }

  /** True when it ended though nobody asked it to. */
  get failed(): boolean {
    return this.#outcome !== null && !this.#stopping;
  }

  /** To the process and to everything that it started. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (this.#outcome !== null || pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // It has just ended, and we have not been told yet.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }

  /** SIGTERM, then SIGKILL after `graceMs`. */
  async stop(graceMs = 10_000): Promise<void> {
    this.#stopping = true;
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), graceMs);
    await this.#closed;
    clearTimeout(timer);
  }

  /** As a crash would. */
  async kill(): Promise<void> {
    this.#stopping = true;
    this.signal("SIGKILL");
    await this.#closed;
  }

  /** Polls `ready` until it holds. @throws MER_LAB_PROCESS_FAILED with the log's last lines. */
  async waitUntil(what: string, ready: () => Promise<boolean> | boolean, timeoutMs: number): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!(await ready())) {
      if (this.#outcome !== null)
        throw labError("MER_LAB_PROCESS_FAILED", `${this.name} ended (${this.#outcome}) before ${what}\n${this.tail()}`);
      if (Date.now() > end)
        throw labError("MER_LAB_PROCESS_FAILED", `${this.name}: ${what} took longer than ${timeoutMs / 1000} s\n${this.tail()}`);
      await sleep(25);
    }
  }

  tail(lines = 15): string {
    const text = readFileSync(this.logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
    return `${this.logFile}:\n${text}`;
  }
}
