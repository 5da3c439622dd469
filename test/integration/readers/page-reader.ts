/** Real ClockBound clients as a process of the test: built once per content, outside of the repository. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { repositoryRoot } from "../../lab/repository.js";

/** Of ClockBound's clients: each reads one layout. */
export type Generation = 1 | 2 | 3;

export interface PageReading {
  /** True time is said to lie between, ns since the epoch. */
  readonly earliest: bigint;
  readonly latest: bigint;
  readonly status: string;
  /** CLOCK_REALTIME around the call, ns. */
  readonly before: bigint;
  readonly after: bigint;
}

/** @returns the program's path, or why there is none */
export async function buildPageReader(): Promise<{ program: string } | { missing: string }> {
  const bootstrap = (name: string): string => join(repositoryRoot(), "test/bootstrap", name);
  const { has, hashFiles, hashOf, run } = await import(bootstrap("steps.mjs"));
  const { cache } = await import(bootstrap("paths.mjs"));
  const here = join(repositoryRoot(), "test/integration/readers");
  const hash: string = hashOf([hashFiles(["Cargo.toml", "Cargo.lock", "src/main.rs"].map((file) => join(here, file))), process.arch]);
  const folder: string = join(cache, "page-readers");
  const program = join(folder, hash);
  if (existsSync(program)) return { program };
  if (!has("cargo")) return { missing: "cargo is missing: it builds the real ClockBound clients" };
  const target = join(folder, "target");
  mkdirSync(folder, { recursive: true });
  try {
    await run("cargo", ["build", "--release", "--locked", "--quiet", "--target-dir", target], { cwd: here });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    // Offline is no fault of the pages; a client that no longer compiles is.
    if (!/failed to (download|get|fetch)|could not resolve|spurious network|unable to update/i.test(text)) throw error;
    return { missing: `crates.io cannot be reached for the real ClockBound clients: ${text.split("\n").at(-1)}` };
  }
  copyFileSync(join(target, "release/page-reader"), `${program}.${process.pid}`);
  renameSync(`${program}.${process.pid}`, program);
  return { program };
}

export class PageReader {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #lines: string[] = [];
  #opened = false;
  #done: ((lines: string[]) => void) | null = null;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (line) => this.#take(line));
  }

  /** @throws with what the client says when it does not open the page */
  static async open(program: string, generation: Generation, page: string): Promise<PageReader> {
    const reader = new PageReader(spawn(program, [String(generation), page], { stdio: ["pipe", "pipe", "inherit"] }));
    const [first = ""] = await new Promise<string[]>((resolve) => (reader.#done = resolve));
    if (first !== "open") throw new Error(`client ${generation}: ${first}`);
    return reader;
  }

  /** @throws with what the client says when it refuses to read */
  async read(count = 1, pauseMicroseconds = 0): Promise<PageReading[]> {
    const answered = new Promise<string[]>((resolve) => (this.#done = resolve));
    this.#child.stdin.write(`${count} ${pauseMicroseconds}\n`);
    return (await answered).map(parseReading);
  }

  close(): void {
    this.#child.stdin.end();
  }

  /** "open" or a refusal answers the opening, "." ends what was read. */
  #take(line: string): void {
    if (this.#opened && line !== ".") return void this.#lines.push(line);
    const lines = this.#opened ? this.#lines : [line];
    this.#opened = true;
    this.#lines = [];
    this.#done?.(lines);
  }
}

function parseReading(line: string): PageReading {
  const [earliest = "", latest = "", status = "", before = "", after = ""] = line.split(" ");
  if (earliest === "error") throw new Error(line);
  return { earliest: BigInt(earliest), latest: BigInt(latest), status, before: BigInt(before), after: BigInt(after) };
}
