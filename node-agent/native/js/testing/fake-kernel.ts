/**
 * The kernel's clocks in a file: a process that is started with `environment` steers them instead of the machine's. What stands in the
 * file and what each word means: fake-kernel/src/words.rs.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const home = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const crate = join(home, "fake-kernel");
const target = join(home, "target", "fake-kernel");
const source = readFileSync(join(crate, "src", "words.rs"), "utf8");
const names = [...source.matchAll(/^ {4}([A-Z]\w+),$/gm)].map(([, name = ""]) => name);
const fileBytes = 512 * 8;
const samplesAt = 128 + 3 * 64;
const samples = 25;

/** Its words start like this where a test does not say otherwise: a machine that may adjust its perfect clock, and has a perfect PHC. */
const defaults: Readonly<Record<string, number>> = {
  MayAdjust: 1,
  Tick: 10_000,
  Status: 0x40,
  MaximumError: 16_000_000,
  EstimatedError: 16_000_000,
  PhcPresent: 1,
  PhcWritable: 1,
  PhcMaxAdjustment: 62_499_999,
  PhcHasExtended: 1,
  PhcHasAlternating: 1,
};

/** Builds the library where that is not up to date. @returns its path; null without cargo */
export function buildFakeKernel(): string | null {
  if (spawnSync("cargo", ["--version"], { stdio: "ignore" }).error) return null;
  const build = ["build", "--release", "--locked", "--quiet", "--target-dir", target];
  execFileSync("cargo", build, { cwd: crate, stdio: ["ignore", "ignore", "pipe"] });
  return join(target, "release", "libmeridian_fake_kernel.so");
}

export class FakeKernel {
  /** For processes that are to live on this machine. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #folder = mkdtempSync(join(tmpdir(), "meridian-kernel-"));
  readonly #file: number;

  /** @param library of buildFakeKernel. @param words initial ones by their names */
  constructor(library: string, words: Readonly<Record<string, number>> = {}) {
    const path = join(this.#folder, "state");
    this.#file = openSync(path, "w+");
    writeSync(this.#file, Buffer.alloc(fileBytes));
    this.environment = { LD_PRELOAD: library, MERIDIAN_FAKE_KERNEL: path };
    for (let index = 0; index < samples; index += 1) this.setSample(index, 500, 500);
    for (const [name, value] of Object.entries({ ...defaults, ...words })) this.set(name, value);
  }

  /** @throws for a name that words.rs has not */
  get(name: string): number {
    const octets = Buffer.alloc(8);
    readSync(this.#file, octets, 0, 8, 8 * indexOf(name));
    return name.endsWith("Ppb") ? octets.readDoubleLE() : Number(octets.readBigInt64LE());
  }

  set(name: string, value: number): void {
    const octets = Buffer.alloc(8);
    if (name.endsWith("Ppb")) octets.writeDoubleLE(value);
    else octets.writeBigInt64LE(BigInt(value));
    writeSync(this.#file, octets, 0, 8, 8 * indexOf(name));
  }

  /** How long sample `index` takes before the device is read and after it, ns. */
  setSample(index: number, before: number, after: number): void {
    const octets = Buffer.alloc(16);
    octets.writeBigInt64LE(BigInt(before), 0);
    octets.writeBigInt64LE(BigInt(after), 8);
    writeSync(this.#file, octets, 0, 16, 8 * (samplesAt + 2 * index));
  }

  remove(): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true });
  }
}

function indexOf(name: string): number {
  const index = names.indexOf(name);
  if (index < 0) throw new Error(`words.rs has no ${name}`);
  return index;
}
