/** Drives `native-server.mjs`, in a network namespace if one is named. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const server = fileURLToPath(new URL("native-server.mjs", import.meta.url));

export interface NativeFailure {
  readonly code?: string;
  readonly message: string;
  readonly syscall?: string;
}

/** One ring record as the server reports it. */
export interface RingRecord {
  readonly kind: number;
  readonly socket: number;
  readonly length: number;
  readonly key: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly interfaceIndex: number;
  readonly source: string;
  readonly sourcePort: number;
  readonly latency: number;
  readonly raw: number;
  readonly steering: number;
  readonly octets: readonly number[];
}

export class NativeProcess {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  /** @param environment beside the test's own */
  constructor(namespace?: string, environment: Readonly<Record<string, string>> = {}) {
    const command = [process.execPath, server];
    const [file = "", ...rest] = namespace === undefined ? command : ["ip", "netns", "exec", namespace, ...command];
    this.#child = spawn(file, rest, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...environment } });
    const stdout = this.#child.stdout;
    if (!stdout) throw new Error("the child has no stdout");
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws the Error of the native module, with its code, or one that says that the process has ended */
  async ask<T = null>(request: string, rest: object = {}): Promise<T> {
    const answer = await this.#exchange(request, rest);
    if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer.result as T;
  }

  /** Like `ask` for a call that must fail. */
  async askForFailure(request: string, rest: object = {}): Promise<NativeFailure> {
    const answer = await this.#exchange(request, rest);
    if (!answer.error) throw new Error(`${request} succeeded: ${JSON.stringify(answer.result)}`);
    return answer.error;
  }

  /** Asks and waits until `settled` holds for what came together so far, 10 s at most. */
  async collect(request: "records" | "delivered", id: string, settled: (records: RingRecord[]) => boolean): Promise<RingRecord[]> {
    const records: RingRecord[] = [];
    for (let attempt = 0; attempt < 500; attempt += 1) {
      records.push(...(await this.ask<RingRecord[]>(request, { id })));
      if (settled(records)) return records;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`not settled after 10 s: ${JSON.stringify(records.map(({ octets: _octets, ...record }) => record))}`);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin?.end();
    await ended;
  }

  async #exchange(request: string, rest: object): Promise<{ result?: unknown; error?: NativeFailure }> {
    this.#child.stdin?.write(`${JSON.stringify({ request, ...rest })}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`the process ended during ${request} (signal ${String(this.#child.signalCode)})`);
    return JSON.parse(value);
  }
}
