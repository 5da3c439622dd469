/** The other end of a measured process: started by the bench itself, told what to do, asked what it found. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { ChildReport, HeapReport, StoreTask, SyncReport, WorkReport } from "./store-child.js";

export class StoreChild {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess, lines: AsyncIterator<string>) {
    this.#child = child;
    this.#lines = lines;
    this.#ended = new Promise((resolve) => child.once("exit", () => resolve()));
  }

  /** @param script the bench's own entry, which knows `--child` */
  static start(script: string, task: StoreTask): StoreChild {
    const child = spawn(process.execPath, ["--expose-gc", script, "kube", "--child", JSON.stringify(task)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    return new StoreChild(child, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
  }

  synced(): Promise<SyncReport> {
    return this.#next("synced");
  }

  heap(): Promise<HeapReport> {
    this.#child.stdin?.write("heap\n");
    return this.#next("heap");
  }

  /** What was done since the last call. */
  work(): Promise<WorkReport> {
    this.#child.stdin?.write("work\n");
    return this.#next("work");
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }

  async #next<Kind extends ChildReport["kind"]>(kind: Kind): Promise<Extract<ChildReport, { kind: Kind }>> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`the measured process ended before it said "${kind}"`);
    const report = JSON.parse(line.value) as ChildReport;
    if (report.kind !== kind) throw new Error(`the measured process said ${report.kind} instead of ${kind}`);
    return report as Extract<ChildReport, { kind: Kind }>;
  }
}
