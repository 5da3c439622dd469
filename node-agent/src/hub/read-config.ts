/**
 * EffectiveConfig → EngineConfig. The hub is trusted, its software version is not: every number is checked, a part that does not
 * hold is left out and named, and the others run.
 */
import {
  type AssociationConfig,
  chainDamping,
  type ComparisonConfig,
  type EngineConfig,
  parseClockIdentity,
  type PtpTimingConfig,
  type ReceiverInstanceConfig,
  type StepPolicy,
  telecomDamping,
  type TransmitterInstanceConfig,
  undamped,
} from "@meridian/engine";
import type { EffectiveConfig, PartResult, PtpReceiver, PtpTiming, PtpTransmitter } from "@meridian/proto";
import type { HostTimeDaemon } from "../guard/conflict-guard.js";
import { ntpServicePart } from "../host/port-report.js";
import { printable } from "./printable.js";
import { PartError, readName, readNumber, readWord } from "./read-fields.js";
import { readAssociation, readNtpServer } from "./read-ntp.js";

/** What this node adds to a configuration. */
export interface NodeFacts {
  /** Identity of the node's own clock. */
  readonly clock: string;
  readonly steers: boolean;
  /** A clock's identity by its name in resources, or null. */
  identify(name: string): string | null;
  /** The clock was stepped already since the host booted: whatever the policy says, it is not stepped again. */
  readonly alreadyStepped: boolean;
}

export interface ReadConfig {
  readonly engine: EngineConfig;
  /** What to do where another daemon steers the clock. */
  readonly hostTimeDaemon: HostTimeDaemon;
  /** Parts that were left out. */
  readonly refused: readonly PartResult[];
}

/** Assumption of the guaranteed bound: a crystal stays this close to its recent mean frequency, ppb. */
const maxDriftPpb = 1000;
const largestSlewPpb = 500_000;
const defaultSlewPpb = 50_000;
const defaultStepThreshold = 100_000;
/** Of each kind, as the contract says. */
const mostParts = 8;

export function readEffectiveConfig(config: EffectiveConfig, node: NodeFacts): ReadConfig {
  const refused: PartResult[] = [];
  const receivers = readParts(config.receivers, ({ source }) => `ptp/${source ?? ""}`, readReceiver, refused);
  // The packets of an interface are stamped with one clock: a source is measured against the node's own.
  const stampedWith = new Map(receivers.map(({ timing }) => [timing.port, node.clock]));
  const transmitters = readParts(
    config.transmitters,
    ({ grandmaster }) => `serve/${grandmaster ?? ""}`,
    (transmitter) => claimPort(readTransmitter(transmitter, node), stampedWith),
    refused,
  );
  const associations = readParts(
    config.associations,
    ({ source }) => `ntp/${source ?? ""}`,
    (association) => claimName(readAssociation(association), new Set(receivers.map(({ source }) => source))),
    refused,
  );
  const follows = receivers.length + associations.length > 0;
  const comparisons = follows ? [] : transmitters.flatMap((transmitter) => readComparison(transmitter, node));
  const [ntpServer = null] = readParts(config.ntpServer ? [config.ntpServer] : [], () => ntpServicePart, readNtpServer, refused);
  const servesOwn = ntpServer !== null || transmitters.some(({ clock }) => clock === node.clock);
  return {
    refused,
    hostTimeDaemon: readWord(config.hostTimeDaemon, ["Refuse", "Observe"], "Refuse"),
    engine: {
      clock: node.clock,
      clockScale: "UTC",
      // A role that we do not know may mean anything: watch only.
      steer: node.steers && readWord(config.role, ["Grandmaster", "OrdinaryClock", "Observer"], "Observer") !== "Observer",
      step: { mode: readStepMode(config.servo, node), threshold: config.servo?.stepThresholdNanoseconds || defaultStepThreshold },
      maxSlew: Math.min(config.servo?.maxSlewPartsPerBillion || defaultSlewPpb, largestSlewPpb),
      maxDrift: maxDriftPpb,
      damping: dampingOf(readWord(config.servo?.damping, ["Automatic", "Light", "Chain", "Telecom"], "Automatic"), follows && servesOwn),
      receivers,
      transmitters,
      associations,
      comparisons,
      ntpServer,
    },
  };
}

/** @param isLink it serves the clock that it steers by others: a link of a chain */
function dampingOf(word: "Automatic" | "Light" | "Chain" | "Telecom", isLink: boolean): number {
  const dampings = { Automatic: isLink ? chainDamping : undamped, Light: undamped, Chain: chainDamping, Telecom: telecomDamping };
  return dampings[word];
}

/** Each on its own: what cannot be read, has the name of an earlier one, or is too many goes to `refused`. */
function readParts<From, To>(
  parts: readonly From[] | null | undefined,
  nameOf: (part: From) => string,
  read: (part: From) => To,
  refused: PartResult[],
): To[] {
  const names = new Set<string>();
  const all = parts ?? [];
  const [first] = all.slice(mostParts);
  // One answer for all of them: however many there are, they cost no more than that.
  if (first !== undefined) {
    const message = `this and ${all.length - mostParts - 1} more: this agent runs ${mostParts} parts of this kind at most`;
    refused.push({ part: printable(nameOf(first)), ok: false, code: "MER_AGENT_PART_INVALID", message });
  }
  return all.slice(0, mostParts).flatMap((item) => {
    const part = printable(nameOf(item));
    try {
      if (names.has(part)) throw new PartError("MER_AGENT_PART_INVALID", `${part} stands in the configuration twice`);
      names.add(part);
      return [read(item)];
    } catch (error) {
      if (!(error instanceof PartError)) throw error;
      refused.push({ part, ok: false, code: error.code, message: error.message });
      return [];
    }
  });
}

/** A node that serves from a hardware clock keeps its own clock by that. @returns none where both are one clock, or nobody vouches */
function readComparison({ grandmaster, clock, reference, uncertainty }: TransmitterInstanceConfig, node: NodeFacts): ComparisonConfig[] {
  if (clock === node.clock || reference !== "PHC") return [];
  // As it is served: transmitters take a hardware clock's seconds for UTC, too.
  const scale = { referenceScale: "UTC", delayCompensation: 0 } as const;
  return [{ source: grandmaster, reference: clock, ...scale, use: "Primary", priority: 100, independenceGroup: grandmaster, uncertainty }];
}

/** Both are links of one ensemble: a name stands for one of them. */
function claimName(association: AssociationConfig, taken: ReadonlySet<string>): AssociationConfig {
  if (taken.has(association.source)) throw new PartError("MER_AGENT_PART_INVALID", `${association.source} is a PTP source already`);
  return association;
}

function claimPort(transmitter: TransmitterInstanceConfig, stampedWith: Map<string, string>): TransmitterInstanceConfig {
  const { clock, timing } = transmitter;
  const stamped = stampedWith.get(timing.port) ?? clock;
  if (stamped !== clock)
    throw new PartError(
      "MER_AGENT_PART_INVALID",
      `${timing.port} is stamped with ${stamped} for another part, so ${clock} cannot be served there`,
    );
  stampedWith.set(timing.port, clock);
  return transmitter;
}

function readStepMode(servo: EffectiveConfig["servo"], { alreadyStepped }: NodeFacts): StepPolicy["mode"] {
  const mode = readWord(servo?.stepMode, ["OnStart", "Never", "AboveThreshold"], "Never");
  return mode === "OnStart" && alreadyStepped ? "Never" : mode;
}

function readReceiver(receiver: PtpReceiver): ReceiverInstanceConfig {
  const identity = receiver.acceptableClockIdentity ?? "";
  const acceptableClockIdentity = identity === "" ? null : parseClockIdentity(identity);
  if (identity !== "" && acceptableClockIdentity === null)
    throw new PartError("MER_AGENT_PART_INVALID", `acceptableClockIdentity "${printable(identity, 32)}" is not aabbcc.ddee.ff0011`);
  return {
    source: readName("source", receiver.source),
    timing: readTiming(receiver.timing),
    use: readWord(receiver.use, ["Primary", "Fallback", "Watchdog"], "Watchdog"),
    priority: readNumber("priority", receiver.priority ?? 0, 0, 1000),
    independenceGroup: receiver.independenceGroup || readName("source", receiver.source),
    delayCompensation: readNumber("delay_compensation_nanoseconds", receiver.delayCompensationNanoseconds ?? 0, -1e9, 1e9),
    uncertainty: receiver.uncertaintyNanoseconds ? readNumber("uncertainty_nanoseconds", receiver.uncertaintyNanoseconds, 1, 1e12) : null,
    arbitraryTimescale: readWord(receiver.arbitraryTimescale, ["Refuse", "UTC"], "Refuse"),
    acceptableAddresses: receiver.acceptableAddresses ?? [],
    acceptableClockIdentity,
  };
}

function readTransmitter(transmitter: PtpTransmitter, node: NodeFacts): TransmitterInstanceConfig {
  const name = transmitter.reference ?? "";
  const clock = node.identify(name);
  if (clock === null) throw new PartError("MER_AGENT_CLOCK_UNKNOWN", `this node has no clock "${printable(name, 64)}"`);
  return {
    grandmaster: readName("grandmaster", transmitter.grandmaster),
    timing: readTiming(transmitter.timing),
    priority1: readNumber("priority1", transmitter.priority1 ?? 128, 0, 255),
    priority2: readNumber("priority2", transmitter.priority2 ?? 128, 0, 255),
    clock,
    // A word we do not know is served as what nobody vouches for.
    reference: readWord(transmitter.referenceType, ["PHC", "SystemClock", "FreeRunning"], "FreeRunning"),
    uncertainty: readNumber("uncertainty_nanoseconds", transmitter.uncertaintyNanoseconds ?? 0, 0, 1e12),
    delayCompensation: readNumber("delay_compensation_nanoseconds", transmitter.delayCompensationNanoseconds ?? 0, -1e9, 1e9),
  };
}

function readTiming(timing: PtpTiming | null | undefined): PtpTimingConfig {
  if (!timing) throw new PartError("MER_AGENT_PART_INVALID", "timing is missing");
  return {
    domainNumber: readNumber("domain_number", timing.domainNumber ?? 0, 0, 127),
    port: readName("interface", timing.interface),
    logSyncInterval: readNumber("log2_sync_interval", timing.log2SyncInterval ?? 0, -7, 4),
    logAnnounceInterval: readNumber("log2_announce_interval", timing.log2AnnounceInterval ?? 0, -7, 4),
    logDelayRequestInterval: readNumber("log2_delay_request_interval", timing.log2DelayRequestInterval ?? 0, -7, 5),
    announceReceiptTimeout: readNumber("announce_receipt_timeout", timing.announceReceiptTimeout || 3, 2, 10),
    dscp: readNumber("dscp", timing.dscp ?? 0, 0, 63),
  };
}
