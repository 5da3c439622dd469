/**
 * The whole engine: what a node's host told it is recorded on a simulated segment once, then told to a fresh engine with the same
 * random numbers. So decoding, the state machines, estimate, decisions, publications and the encoding of requests are all there, and
 * nothing of the simulator is.
 */
import { Engine, type EngineConfig, Ensemble, type HostEvent } from "@meridian/engine";
import { createRandom, exponential, idleEngine, Segment } from "@meridian/engine/sim";
import { allocatedBytes } from "./allocation.js";

const node = "node";
const [warmUp, measured] = [4000, 10_000];
/** Exchanges of one stretch in which allocation is counted, and how many stretches there are room for. */
const [counted, stretches] = [100, 50];

class RecordingEngine extends Engine {
  readonly heard: HostEvent[] = [];

  override handle(event: HostEvent): ReturnType<Engine["handle"]> {
    this.heard.push(event);
    return super.handle(event);
  }
}

const random = (): (() => number) => {
  const generator = createRandom(3, 1);
  return () => generator.uniform();
};

function configure(logInterval: number): readonly [server: EngineConfig, node: EngineConfig] {
  const timing = {
    ...{ domainNumber: 1, port: "eth0", logSyncInterval: logInterval, logAnnounceInterval: 0, logDelayRequestInterval: logInterval },
    ...{ announceReceiptTimeout: 3, dscp: 0 },
  };
  const transmitter = {
    ...{ grandmaster: "gm", timing, priority1: 128, priority2: 128, clock: "clock", uncertainty: 100, delayCompensation: 0 },
    reference: "PHC" as const,
  };
  const receiver = {
    ...{ source: "gm", timing, use: "Primary" as const, priority: 100, independenceGroup: "gm", delayCompensation: 0, uncertainty: null },
    ...{ arbitraryTimescale: "Refuse" as const, acceptableAddresses: [], acceptableClockIdentity: null },
  };
  return [
    { ...idleEngine, transmitters: [transmitter] },
    { ...idleEngine, receivers: [receiver] },
  ];
}

function record(logInterval: number, seconds: number, seed: number): { readonly begun: number; readonly heard: readonly HostEvent[] } {
  const queueing = exponential(10_000, 500)();
  const delays = createRandom(seed, 7);
  const segment = new Segment({ delay: () => 1e-9 * queueing(delays, 0) });
  const [serverConfig, nodeConfig] = configure(logInterval);
  segment.add({ name: "gm", engine: new Engine(new Ensemble(), random()), offset: 0, frequency: 0 }, serverConfig);
  const engine = new RecordingEngine(new Ensemble(), random());
  const begun = segment.now;
  const host = segment.add({ name: node, engine, offset: 37e6, frequency: 18_000 }, nodeConfig);
  segment.run(seconds);
  if (host.publications.at(-1)?.what.state !== "PhaseAligned") throw new Error("the recorded node is not aligned");
  return { begun: host.raw(begun), heard: engine.heard };
}

/** @returns CPU, ns, and bytes of garbage per exchange; an exchange is Sync, Follow_Up, Delay_Req and Delay_Resp */
export function replayEngine(logInterval: number, seed: number): { readonly cost: number; readonly allocated: number } {
  const exchanges = warmUp + measured + stretches * counted;
  const { begun, heard } = record(logInterval, exchanges * 2 ** logInterval, seed);
  const engine = new Engine(new Ensemble(), random());
  engine.configure(configure(logInterval)[1], begun);
  let next = 0;
  const replay = (wanted: number): void => {
    for (let answered = 0; answered < wanted && next < heard.length; next++) {
      const event = heard[next]!;
      engine.handle(event);
      if (event.kind === "Deadline") engine.deadline();
      // Every request is stamped once.
      if (event.kind === "TransmitStamped") answered++;
    }
  };
  replay(warmUp);
  const before = process.cpuUsage();
  replay(measured);
  const { user, system } = process.cpuUsage(before);
  const allocated = allocatedBytes(counted, replay);
  return { cost: (1e3 * (user + system)) / measured, allocated };
}
