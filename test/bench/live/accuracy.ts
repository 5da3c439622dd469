/**
 * Row 7: how far the clock of a real agent is from true time over a real link, next to what ptp4l and chronyd see on the same link in
 * the same minute, and to the plainest estimator on the very same packets. All clocks are the machine's, so truth is 0: the agent's
 * own is a virtual one that begins wrong and whose oscillator is perfect, so that the plain estimator is not at a disadvantage.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createVirtualClock, TruthReader } from "@meridian/native";
import { truthReading } from "@meridian/native/layout";
import type { EffectiveConfig } from "@meridian/proto";
import { pageFileOf, startAgent } from "../../lab/agent-process.js";
import type { LabProcess } from "../../lab/child-process.js";
import { chronydMeasurementsOf, startChronyd } from "../../lab/chronyd.js";
import type { LabNode } from "../../lab/network.js";
import { startPtp4l } from "../../lab/ptp4l.js";
import { labServo, labTiming, storeConfig } from "../../lab/stored-config.js";
import { type Figure, summarizeFigure } from "../figure.js";
import { judgeSlidingMinimum, type TracedMeasurement } from "./sliding-minimum.js";

const domainNumber = 31;
/** 16 exchanges a second. */
const logInterval = -4;
const settleSeconds = 60;
const measureSeconds = 30;
const sampleMs = 40;
/** ns: gone within seconds of slewing. */
const wrongBy = 2e5;

interface Round {
  /** RMS of the true error, ns. */
  readonly rms: number;
  readonly slidingMinimum: number;
  readonly peer: number;
  /** Samples beyond either bound. */
  readonly uncovered: number;
}

type Protocol = "ptp" | "ntp";

export async function measureAccuracy(rounds: number, directory: string, server: LabNode, say: (text: string) => void): Promise<Figure[]> {
  const results: Record<Protocol, Round[]> = { ptp: [], ntp: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const protocol of ["ptp", "ntp"] as const) {
      const result = await measureRound(protocol, join(directory, `accuracy-${protocol}-${String(round)}`), server);
      results[protocol].push(result);
      const { rms, slidingMinimum, peer, uncovered } = result;
      say(
        `round ${String(round + 1)} of ${String(rounds)}, ${protocol}: RMS ${rms.toFixed(0)} ns, sliding minimum ${slidingMinimum.toFixed(0)} ns, peer ${peer.toFixed(0)} ns, ${String(uncovered)} samples uncovered`,
      );
    }
  }
  return [...figuresOf("ptp", "ptp4l", results.ptp), ...figuresOf("ntp", "chronyd", results.ntp)];
}

function figuresOf(protocol: Protocol, name: string, rounds: readonly Round[]): Figure[] {
  const peer = summarizeFigure(
    { metric: "", unit: "", target: 0 },
    rounds.map((round) => round.peer),
  ).value;
  const metric = `live.${protocol}`;
  return [
    summarizeFigure(
      { metric: `${metric}.rms_ratio`, unit: "× sliding minimum of the same packets", target: 1.2, moonshot: 0.8 },
      rounds.map(({ rms, slidingMinimum }) => rms / slidingMinimum),
    ),
    summarizeFigure(
      { metric: `${metric}.rms`, unit: "ns", target: peer, peer: { name, value: peer } },
      rounds.map(({ rms }) => rms),
    ),
    summarizeFigure(
      { metric: `${metric}.uncovered`, unit: "samples", target: 0 },
      rounds.map(({ uncovered }) => uncovered),
    ),
  ];
}

async function measureRound(protocol: Protocol, home: string, server: LabNode): Promise<Round> {
  const running: LabProcess[] = [];
  const run = (process: LabProcess): LabProcess => (running.push(process), process);
  try {
    if (protocol === "ptp") {
      run(startPtp4l({ node: "server", directory: join(home, "server"), domainNumber, role: "timeTransmitter", logInterval }));
      run(
        startPtp4l({
          node: "peer",
          directory: join(home, "peer"),
          domainNumber,
          role: "timeReceiver",
          logInterval,
          summaryInterval: logInterval,
        }),
      );
    } else {
      run(startChronyd({ node: "server", directory: join(home, "server"), role: { kind: "server" } }));
      const role = { kind: "client", server: server.address, interleaved: true, logPoll: logInterval, logs: true } as const;
      run(startChronyd({ node: "peer", directory: join(home, "peer"), role }));
    }
    const agent = join(home, "agent");
    const process = run(startFollower(agent, protocol, server));
    await sleep(settleSeconds * 1000);
    const { errors, uncovered } = await sampleErrors(agent, measureSeconds);
    const ended = running.find(({ failed }) => failed);
    if (ended) throw new Error(`${ended.name} ended (${ended.outcome ?? ""})\n${ended.tail()}`);
    const measurements = readTrace(process.logFile);
    const since = (measurements.at(-1)?.at ?? 0) - measureSeconds;
    const peerErrors =
      protocol === "ptp" ? readPtp4l(join(home, "peer/ptp4l.log")) : readChronyd(chronydMeasurementsOf(join(home, "peer")));
    return {
      rms: rmsOf(errors),
      slidingMinimum: rmsOf(judgeSlidingMinimum(measurements, wrongBy, since)),
      peer: rmsOf(peerErrors.slice(-measureSeconds * 2 ** -logInterval)),
      uncovered,
    };
  } finally {
    for (const process of running.toReversed()) await process.stop(3000);
  }
}

function startFollower(home: string, protocol: Protocol, server: LabNode): LabProcess {
  mkdirSync(home, { recursive: true });
  const clockFile = join(home, "clock");
  createVirtualClock(clockFile, { seconds: 600, seed: 1, offsetNs: wrongBy, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
  const source = { source: "server", use: "Primary", priority: 100, independenceGroup: "server", uncertaintyNanoseconds: 100 };
  const poll = { log2MinPollInterval: logInterval, log2MaxPollInterval: logInterval, interleaved: true };
  const sources: EffectiveConfig =
    protocol === "ptp"
      ? { receivers: [{ ...source, timing: labTiming(domainNumber, logInterval), arbitraryTimescale: "UTC" }] }
      : { associations: [{ ...source, ...poll, address: server.address }] };
  const objective = { maxErrorNanoseconds: 100_000, minimumIndependentSources: 1 };
  storeConfig(home, { domain: "bench", role: "OrdinaryClock", objective, servo: { ...labServo, stepMode: "Never" }, ...sources });
  const nobody = { hub: null, hubCaFile: "/nonexistent", tokenFile: "/nonexistent" };
  return startAgent({ node: "client", directory: home, ...nobody, clockFile, namespace: "client", extraArgs: ["--log-level", "trace"] });
}

async function sampleErrors(home: string, seconds: number): Promise<{ errors: number[]; uncovered: number }> {
  const reader = new TruthReader(join(home, "clock"), pageFileOf(home));
  const out = new Float64Array(truthReading.length);
  const errors: number[] = [];
  let uncovered = 0;
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await sleep(sampleMs)) {
    reader.read(out);
    const error = out[truthReading.trueError] ?? Number.NaN;
    errors.push(error);
    const covered =
      Math.abs(error) <= (out[truthReading.calibratedBound] ?? 0) && Math.abs(error) <= (out[truthReading.guaranteedBound] ?? 0);
    if (!covered) uncovered += 1;
  }
  reader.close();
  return { errors, uncovered };
}

function readTrace(file: string): TracedMeasurement[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.includes('"measured"'))
    .map((line) => (JSON.parse(line) as { measurement: TracedMeasurement }).measurement);
}

/** "master offset -123 s0 freq …": ns. */
function readPtp4l(file: string): number[] {
  return [...readFileSync(file, "utf8").matchAll(/master offset\s+(-?\d+)/g)].map(([, offset]) => Number(offset));
}

/** measurements.log: the twelfth column is the offset, s. */
function readChronyd(file: string): number[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => /^\d{4}-/.test(line))
    .map((line) => Number(line.trim().split(/\s+/)[11]) * 1e9)
    .filter(Number.isFinite);
}

const rmsOf = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
