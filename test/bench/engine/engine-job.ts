/** One round of the engine benchmark, in a thread of its own: what it compiled and learnt about types is gone afterwards. */
import { LinkFilter, SourceLink } from "@meridian/engine";
import { correlated, type DelayLaw, exponential, linkDefaults, perfectRemote, simulatedClock } from "@meridian/engine/sim";
import { collectedHeapBytes } from "../offline/heap.js";
import { allocatedBytes } from "./allocation.js";
import { type ExchangeTrack, makeTrack } from "./packets.js";
import { replayEngine } from "./replay-engine.js";

export type EngineJob =
  | { readonly kind: "link"; readonly law: keyof typeof laws; readonly seed: number }
  | { readonly kind: "memory"; readonly seed: number }
  | { readonly kind: "whole"; readonly logInterval: number; readonly seed: number };

export interface EngineRound {
  /** CPU of the process per exchange, ns; NaN: not measured. */
  readonly cost: number;
  /** Bytes of garbage per exchange; NaN: not measured. */
  readonly allocated: number;
  /** Bytes that one link keeps; NaN: not measured. */
  readonly kept: number;
}

export const laws = {
  exponential: exponential(5000, 1000),
  /** Neighbours alike over a second: filters and law are asked twice per packet. */
  correlated: correlated(5000, 1000, 1),
} satisfies Record<string, DelayLaw>;

const [maxDrift, resolution] = [1000, 1];
const [warmUp, measured, counted] = [40_000, 100_000, 1000];
const [links, exchangesPerLink] = [400, 600];

export function runJob(job: EngineJob): EngineRound {
  switch (job.kind) {
    case "link":
      return measureLink(laws[job.law], job.seed);
    case "memory":
      return { cost: Number.NaN, allocated: Number.NaN, kept: measureKept(job.seed) };
    case "whole":
      return { ...replayEngine(job.logInterval, job.seed), kept: Number.NaN };
    default:
      return job satisfies never;
  }
}

/** As a link hands them on: one object, again and again. */
const packet = { direction: 0 as 0 | 1, value: 0, raw: 0, hardMin: 0, resolution };

/** One exchange is a packet each way. */
function feed(filter: LinkFilter, { at, toLocal, toRemote, interval }: ExchangeTrack, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    packet.direction = 0;
    packet.value = toLocal[i]!;
    packet.raw = at[i]!;
    filter.observe(packet);
    packet.direction = 1;
    packet.value = toRemote[i]!;
    packet.raw = at[i]! + interval / 2;
    filter.observe(packet);
  }
}

function measureLink(law: DelayLaw, seed: number): EngineRound {
  const track = makeTrack(law, warmUp + measured + 50 * counted, seed);
  const filter = new LinkFilter(track.interval, maxDrift, resolution);
  feed(filter, track, 0, warmUp);
  const begun = process.cpuUsage();
  feed(filter, track, warmUp, warmUp + measured);
  const { user, system } = process.cpuUsage(begun);
  let next = warmUp + measured;
  const allocated = allocatedBytes(counted, (calls) => {
    feed(filter, track, next, next + calls);
    next += calls;
  });
  if (filter.state !== "ready") throw new Error(`a link that is ${filter.state} measures nothing`);
  return { cost: (1e3 * (user + system)) / measured, allocated, kept: Number.NaN };
}

/** What many links keep once they are locked, typed arrays outside the heap included. */
function measureKept(seed: number): number {
  const track = makeTrack(laws.exponential, exchangesPerLink, seed);
  const make = (): SourceLink => {
    const link = new SourceLink({ ...linkDefaults }, maxDrift);
    for (let i = 0; i < exchangesPerLink; i++) {
      const common = {
        link: "link",
        local: simulatedClock,
        steering: 0,
        localEra: 0,
        remoteEra: 0,
        stampClass: "hardware",
        resolution,
      } as const;
      const at = track.at[i]!;
      link.observe({ ...common, kind: "toLocal", at, value: track.toLocal[i]!, hardMin: 0, remoteState: perfectRemote }, at);
      const later = at + track.interval / 2;
      link.observe({ ...common, kind: "toRemote", at: later, value: track.toRemote[i]!, hardMin: 0, remoteState: perfectRemote }, later);
    }
    return link;
  };
  // What is compiled once belongs to no link.
  const kept = [make(), make()];
  const before = keptBytes();
  for (let i = 0; i < links; i++) kept.push(make());
  const bytes = (keptBytes() - before) / links;
  if (!kept.every(({ isReady }) => isReady)) throw new Error("a link that is not ready keeps less");
  return bytes;
}

function keptBytes(): number {
  const heap = collectedHeapBytes();
  return heap + process.memoryUsage().external;
}
