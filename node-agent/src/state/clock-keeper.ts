/**
 * Carries what the engine knows of the clock over a restart. On the same boot raw time has run on, and what steering did meanwhile
 * is read from the clock itself, so the phase goes on; after a reboot, or when the host slept, only the oscillator is the same.
 */
import { readFileSync } from "node:fs";
import { ageAcrossBoot, type ClockMemory, movePhase, readClockMemory } from "@meridian/engine";
import type { AgentMemory } from "./agent-memory.js";

/** The file holds one of these, as JSON. */
interface KeptClock {
  readonly boot: string;
  /** s that the host has slept since it booted. */
  readonly slept: number;
  /** ClockSet.readOrigin of the process that wrote it, ns. */
  readonly origin: string;
  /** ms since 1970, of the clock itself: it may be wrong. */
  readonly savedAt: number;
  readonly memory: unknown;
}

/** As much of the node's clock as matters here. */
export interface KeptClockSource {
  readonly uri: string;
  /** ns */
  readOrigin(): bigint;
  /** Raw s. */
  now(): number;
}

/** What a restart goes on from. */
export interface Recalled {
  /** In this process's frame. */
  readonly memory: ClockMemory;
  /** "phase": on the same boot; "oscillator": of an earlier one, or the host slept. */
  readonly kind: "phase" | "oscillator";
}

/** Two looks at how long the host has slept may differ by that much, s: /proc/uptime counts in hundredths. */
const sleepTolerance = 0.05;
const msPerDay = 86_400_000;

export class ClockKeeper {
  readonly #disk: Pick<AgentMemory, "readClock" | "writeClock" | "writeClockLater">;
  readonly #clock: KeptClockSource;
  readonly #boot: string;
  readonly #slept: () => number;
  readonly #date: () => number;

  /** @param slept s that the host has slept since it booted; @param date ms since 1970 */
  constructor(
    disk: Pick<AgentMemory, "readClock" | "writeClock" | "writeClockLater">,
    clock: KeptClockSource,
    boot: string,
    slept: () => number = readSleptSeconds,
    date: () => number = Date.now,
  ) {
    this.#disk = disk;
    this.#clock = clock;
    this.#boot = boot;
    this.#slept = slept;
    this.#date = date;
  }

  /** @param last the process ends: wait for the disk */
  keep(memory: ClockMemory | null, last: boolean): void {
    if (memory === null) return;
    const kept: KeptClock = {
      boot: this.#boot,
      slept: this.#slept(),
      origin: String(this.#clock.readOrigin()),
      savedAt: this.#date(),
      memory,
    };
    const text = JSON.stringify(kept);
    if (last) this.#disk.writeClock(text);
    else this.#disk.writeClockLater(text);
  }

  /** null: nothing is known, or nothing that fits this clock. */
  recall(): Recalled | null {
    const kept = parse(this.#disk.readClock());
    const memory = kept && readClockMemory(kept.memory, this.#clock.uri);
    if (!memory) return null;
    const { phase } = memory;
    const ranOn = kept.boot === this.#boot && Math.abs(this.#slept() - kept.slept) < sleepTolerance;
    if (!ranOn || phase === null || phase.raw > this.#clock.now()) {
      const days = (this.#date() - kept.savedAt) / msPerDay;
      return { memory: kept.boot === this.#boot ? { ...memory, phase: null } : ageAcrossBoot(memory, days), kind: "oscillator" };
    }
    // local = origin + raw + steering in either process: what is no longer steering is offset now.
    const by = Number(this.#clock.readOrigin() - BigInt(kept.origin));
    return { memory: { ...memory, phase: movePhase(phase, by) }, kind: "phase" };
  }
}

function parse(text: string | null): KeptClock | null {
  if (text === null) return null;
  try {
    const { boot, slept, origin, savedAt, memory } = JSON.parse(text) as Partial<Record<keyof KeptClock, unknown>>;
    const fits = typeof boot === "string" && typeof slept === "number" && typeof origin === "string" && typeof savedAt === "number";
    return fits && /^-?\d{1,20}$/.test(origin) ? { boot, slept, origin, savedAt, memory } : null;
  } catch {
    return null;
  }
}

/** CLOCK_BOOTTIME − CLOCK_MONOTONIC to 10 ms, s: /proc/uptime counts sleep, the process's own clock does not. */
export function readSleptSeconds(): number {
  const uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  return uptime - Number(process.hrtime.bigint()) / 1e9;
}
