/** A variant on a network of whole engines: grandmasters, servers and one node that is watched, at the host contract. */
import {
  type AssociationConfig,
  Engine,
  type EngineConfig,
  Ensemble,
  type Measurement,
  type ReceiverInstanceConfig,
  type TransmitterInstanceConfig,
} from "@meridian/engine";
import {
  createRandom,
  type Look,
  type Packet,
  type Random,
  Segment,
  type SegmentHost,
  type SegmentOptions,
  SimulatedNtpServer,
  idleEngine,
} from "@meridian/engine/sim";
import { EventWatch } from "./event-watch.js";
import type { FaultEvent } from "./fault-event.js";
import type { FaultVariant } from "./fault-scenario.js";

/** Between looks at the node, s: less than between its packets. */
const every = 0.02;
/** One way: a floor and queueing, s. */
const [floor, queue] = [10e-6, 500e-9];
/** Of a source, ns. */
const uncertainty = 100;

const timing = (domainNumber: number) => ({
  ...{ domainNumber, port: "eth0", logSyncInterval: -4, logAnnounceInterval: 0, logDelayRequestInterval: -4 },
  ...{ announceReceiptTimeout: 3, dscp: 0 },
});

/** A voice of its own. */
const voice = (source: string) =>
  ({ source, use: "Primary", priority: 100, independenceGroup: source, delayCompensation: 0, uncertainty }) as const;

export const followsPtp = (source: string, domain: number, change: Partial<ReceiverInstanceConfig> = {}): ReceiverInstanceConfig => ({
  ...voice(source),
  ...{ timing: timing(domain), arbitraryTimescale: "Refuse", acceptableAddresses: [], acceptableClockIdentity: null },
  ...change,
});

export const asksNtp = (source: string, address: string, change: Partial<AssociationConfig> = {}): AssociationConfig => ({
  ...voice(source),
  ...{ address, port: 123, logMinPoll: 0, logMaxPoll: 0, interleaved: false, dscp: 0 },
  ...change,
});

export const servesPtp = (
  grandmaster: string,
  domain: number,
  reference: TransmitterInstanceConfig["reference"],
): TransmitterInstanceConfig => ({
  grandmaster,
  timing: timing(domain),
  priority1: 128,
  priority2: 128,
  clock: "clock",
  reference,
  uncertainty,
  delayCompensation: 0,
});

/** What happens at which true second. */
export interface Happening {
  readonly at: number;
  readonly happens: () => void;
}

export interface StruckSegment {
  readonly segment: Segment;
  /** The node that is watched; another one after a restart. */
  readonly node: () => SegmentHost;
  readonly happenings: readonly Happening[];
  readonly events: readonly FaultEvent[];
}

/** Hosts, servers and the network between them, from a seed. */
export class FaultNetwork {
  readonly segment: Segment;
  readonly random: Random;
  /** What the node under test measured since it was last looked at. */
  readonly measured: Measurement[] = [];
  readonly #seed: number;
  readonly #epoch: number | undefined;
  #engines = 0;

  /** @param delays what a packet takes beside the usual, s */
  constructor(seed: number, options: Partial<SegmentOptions> = {}, delays: (packet: Packet) => number = () => 0) {
    this.#seed = seed;
    this.#epoch = options.epoch;
    this.random = createRandom(seed, 1);
    this.segment = new Segment({ delay: (packet) => floor + queue * this.random.exponential() + delays(packet), ...options });
  }

  addGrandmaster(name: string, domain: number): SegmentHost {
    return this.segment.add(
      { name, engine: this.#engine(), offset: 0, frequency: 0 },
      { ...idleEngine, transmitters: [servesPtp(name, domain, "PHC")] },
    );
  }

  addNtpServer(address: string, error: (at: number) => number = () => 0, writesBefore: () => number = () => 0): SimulatedNtpServer {
    const epoch = this.#epoch;
    return this.segment.addServer(
      new SimulatedNtpServer({ name: address, address, error, writesBefore, ...(epoch !== undefined && { epoch }) }),
    );
  }

  /** A node; 37 ms ahead and 18 ppm fast unless told otherwise. @param watched its measurements are those that tell */
  addNode(name: string, config: Partial<EngineConfig>, clock: { offset?: number; frequency?: number } = {}, watched = true): SegmentHost {
    const engine = this.#engine(watched ? (measurement) => void this.measured.push(measurement) : undefined);
    return this.segment.add({ name, engine, offset: 37e6, frequency: 18_000, ...clock }, { ...idleEngine, ...config });
  }

  #engine(trace?: (measurement: Measurement) => void): Engine {
    this.#engines++;
    const random = createRandom(this.#seed, 1000 + this.#engines);
    return new Engine(new Ensemble(), () => random.uniform(), trace);
  }
}

/** @param make the network and who is on it */
export function onSegment(name: string, make: (seed: number) => StruckSegment & { readonly network: FaultNetwork }): FaultVariant {
  return {
    name,
    run(seed) {
      const { segment, node, happenings, events, network } = make(seed);
      const watches = events.map((event) => new EventWatch(event));
      const watch = (at: number): void => {
        const look = lookAt(node(), at);
        const heard = network.measured.splice(0);
        for (const one of watches) {
          for (const measurement of heard) one.heard(measurement, look);
          one.look(look);
        }
      };
      for (const { at, happens } of happenings) {
        segment.run(at, watch, every);
        happens();
      }
      segment.run(Math.max(...events.map(({ until }) => until)) + 1, watch, every);
      return watches.map((one) => one.result());
    },
  };
}

/** As a reader on the host sees it. */
function lookAt(host: SegmentHost, at: number): Look {
  const publication = host.publications.at(-1)?.what ?? null;
  const age = publication === null ? 0 : host.raw(at) - publication.raw;
  const live = publication !== null && age <= publication.voidAfter && publication.era === host.era;
  const error = host.errorAt(at);
  return {
    at,
    error,
    free: error - host.steeringAt(at),
    believed: publication?.offset ?? 0,
    calibrated: live && publication.calibrated !== null ? publication.calibrated + publication.calibratedGrowth * age : null,
    guaranteed: live && publication.guaranteed !== null ? publication.guaranteed + publication.guaranteedGrowth * age : null,
    publication,
  };
}
