/** Row 12: what it costs a program to ask for the interval that contains true time now, beside the plain clock in the same run. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClockPage, ClockReader } from "@meridian/native";
import { intervalReading } from "@meridian/native/layout";
import { repositoryRoot } from "../../lab/repository.js";
import { type Figure, summarizeFigure } from "../figure.js";

const reads = 1_000_000;
const state = {
  ...{ guaranteedNs: 50_000, guaranteedGrowthPpb: 1000, calibratedNs: 2000, calibratedGrowthPpb: 10 },
  ...{ voidAfterSeconds: 600, status: 1 as const, era: 0 },
};

export function measureReads(rounds: number): Figure[] {
  const folder = mkdtempSync(join(tmpdir(), "meridian-read-"));
  const file = join(folder, "page");
  const page = new ClockPage(file);
  page.publish(state);
  const reader = new ClockReader(file, "Guaranteed");
  const out = new Float64Array(intervalReading.length);
  const ours: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const [read, now] = [nanosecondsPer(() => reader.read(out)), nanosecondsPer(() => void performance.now())];
    // The first one compiles.
    if (round === 0) continue;
    ours.push(read);
    plain.push(now);
  }
  if (out[intervalReading.status] !== 1) throw new Error("the page could not be read");
  reader.close();
  page.close();
  rmSync(folder, { recursive: true });
  const clock = summarizeFigure({ metric: "", unit: "", target: 0 }, plain).value;
  const native = Array.from({ length: rounds }, readNatively).filter((value) => value !== null);
  return [
    summarizeFigure(
      { metric: "live.read.javascript", unit: "ns", target: 300, moonshot: 120, peer: { name: "performance.now", value: clock } },
      ours,
    ),
    ...(native.length === 0 ? [] : [summarizeFigure({ metric: "live.read.native", unit: "ns", target: 60, moonshot: 30 }, native)]),
  ];
}

function nanosecondsPer(read: () => void): number {
  const start = process.hrtime.bigint();
  for (let i = 0; i < reads; i += 1) read();
  return Number(process.hrtime.bigint() - start) / reads;
}

/** The module's own function without JavaScript around it; null where there is no Rust. */
function readNatively(): number | null {
  const args = ["test", "--release", "--locked", "--quiet", "clock_read_cost", "--", "--ignored", "--nocapture"];
  const { stdout, status } = spawnSync("cargo", args, { cwd: join(repositoryRoot(), "node-agent/native"), encoding: "utf8" });
  const figure = /clock_read_ns ([\d.]+)/.exec(stdout ?? "")?.[1];
  return status === 0 && figure !== undefined ? Number(figure) : null;
}
