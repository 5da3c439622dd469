/** The real module and the fake on equal terms: what both keep in one list of expectations, the agent's unit tests may rely on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type * as Native from "../../index.js";
import { createFakeNative, FakeMachine, FakeNetwork } from "../fake/index.js";
import { importBuilt } from "./built-native.js";

export const real = await importBuilt(() => import("../../index.js"));

/** The module, and how its time passes. */
export interface Bench {
  readonly native: typeof Native;
  readonly folder: string;
  wait(seconds: number): Promise<void>;
  remove(): void;
}

export function createRealBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), "meridian-fake-"));
  return {
    native: real,
    folder,
    wait: (seconds) => sleep(seconds * 1e3),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

export function createFakeBench(): Bench {
  const machine = new FakeMachine();
  machine.connect("lo", new FakeNetwork(() => 1e-6));
  return {
    native: createFakeNative(machine),
    folder: "/fake",
    wait: async (seconds) => machine.advance(seconds),
    remove: () => undefined,
  };
}

/** For describe.each; the real module only where it is built. */
export const benches: [name: string, create: () => Bench][] = [
  ...("Clock" in real ? [["the native module", createRealBench] satisfies [string, () => Bench]] : []),
  ["the fake", createFakeBench],
];
