/**
 * The engine: HostEvents in, Actions out, nothing else. It routes packets to PTP instances and datagrams to NTP associations, their
 * measurements to the ensemble, and the ensemble's decisions to the host. Deterministic: `at` comes with every event, randomness is
 * given.
 *
 * The host hands over a batch of events and closes it with `Deadline`: only then are timers looked at and is the clock steered,
 * so that a burst of packets costs one decision.
 */
import type { AssociationInstance } from "./association-instance.js";
import { Associations } from "./associations.js";
import type { AssociationState } from "./association-table.js";
import { ComparisonInstance } from "./comparison-instance.js";
import type { ClockEnsemble, ClockStability, ForeignSteering, LinkDescription, Publication } from "./ensemble/contract.js";
import type { ClockMemory } from "./ensemble/clock-memory.js";
import type { ClockId, Measurement } from "./ensemble/measurement.js";
import type { EngineConfig } from "./engine-config.js";
import type { Action, AssociationId, EngineEvent, HostEvent, PortId, Stamp } from "./host.js";
import { describeServing } from "./ntp-serving.js";
import { followsNobody, publishEverySeconds, publishOwnedReference } from "./owned-reference.js";
import type { PortState } from "./port-table.js";
import { PtpInstances } from "./ptp-instances.js";
import type { KeptTime } from "./ptp/announced-accuracy.js";
import type { InstanceSink, ReceiverInstance } from "./receiver-instance.js";
import { sameConfig } from "./same-config.js";
import type { SourceSnapshot } from "./source-snapshot.js";
import type { Instant, Raw } from "./time/units.js";
import type { ServedClocks } from "./transmitter-instance.js";

/** Exchanges of one instance that may wait together: half of what it keeps open. */
const mostWaiting = 4;

export class Engine {
  readonly #ensemble: ClockEnsemble;
  readonly #random: () => number;
  readonly #trace: ((measurement: Measurement) => void) | undefined;
  readonly #ptp = new PtpInstances();
  readonly #associations = new Associations();
  #comparisons: readonly ComparisonInstance[] = [];
  #config: EngineConfig | null = null;
  #nextIndex = 1;
  #era = 0;
  #nextOwnPublication: Raw = Number.POSITIVE_INFINITY;
  #published: Publication | null = null;
  /** When the node's clock was last measured, by itself. */
  #updated: Instant | null = null;
  #serving = false;
  /** Of the associations' links, as the ensemble knows them. */
  #intervals = "";
  /** The ensemble was told something since it last decided. */
  #news = true;
  #out: Action[] = [];
  readonly #served: ServedClocks = {
    stabilityOf: (clock) => (clock === this.#config?.clock ? this.stability() : null),
    keptTimeOf: (clock, at, ahead) => this.#keptTimeOf(clock, at, ahead),
  };
  readonly #sink: InstanceSink = {
    measure: (measurement: Measurement) => {
      this.#news = true;
      this.#trace?.(measurement);
      this.#ensemble.observe(measurement);
    },
    act: (action: Action) => void this.#out.push(action),
    emit: (event: EngineEvent) => void this.#out.push({ kind: "Emit", event }),
  };

  /**
   * @param random uniform in [0, 1), of cryptographic quality: it spreads requests (IEEE 1588-2019 9.5.11.2), and NTP answers are
   * known by it
   * @param trace is shown every measurement
   */
  constructor(ensemble: ClockEnsemble, random: () => number, trace?: (measurement: Measurement) => void) {
    this.#trace = trace;
    this.#ensemble = ensemble;
    this.#random = random;
  }

  /** Desired state, live: what did not change keeps running with all it has learnt. */
  configure(config: EngineConfig, at: Raw): readonly Action[] {
    this.#config = config;
    const out = this.#begin();
    const takeIndex = () => this.#takeIndex();
    this.#ptp.configure(config, at, takeIndex, out);
    this.#associations.configure(config, at, takeIndex, this.#sink, out);
    const compared = this.#comparisons;
    this.#comparisons = config.comparisons.map(
      (wanted) =>
        compared.find((old) => sameConfig(wanted, old.config) && old.clock === config.clock) ?? new ComparisonInstance(wanted, config, at),
    );
    this.#configureEnsemble(config, at);
    this.#news = true;
    this.#nextOwnPublication = followsNobody(config) ? at : Number.POSITIVE_INFINITY;
    if (this.#serving && config.ntpServer === null) out.push({ kind: "ServeNtp", server: null });
    this.#serving &&= config.ntpServer !== null;
    this.#decide(at);
    return out;
  }

  /** One event. @returns what to do, in order; valid until the next call. */
  handle(event: HostEvent): readonly Action[] {
    const out = this.#begin();
    switch (event.kind) {
      case "PacketReceived":
        if (this.#ptp.receive(event, this.#era, this.#sink, out)) this.#updated = event.stamp ?? this.#updated;
        break;
      case "DatagramReceived":
        this.#updated = event.stamp ?? this.#updated;
        this.#associations.receive(event, this.#era, this.#sink);
        break;
      case "AssociationReady":
        this.#associations.ready(event, this.#sink);
        break;
      case "AssociationLost":
        this.#associations.lost(event, this.#sink);
        break;
      case "TransmitStamped":
        this.#stamp(event.key, event.stamp);
        break;
      case "TransmitMissing":
        this.#stamp(event.key, null);
        break;
      case "ClockCompared":
        this.#updated = event.after;
        for (const instance of this.#comparisons)
          if (instance.config.reference === event.reference) instance.compared(event, this.#era, this.#sink);
        break;
      case "Exchange":
        for (const measurement of event.measurements) this.#sink.measure(measurement);
        break;
      case "FrequencyApplied":
        // A step of ours is told before: this era is somebody else's doing, or a suspend.
        if (event.era > this.#era) this.#associations.disturb(event.notAfter, this.#sink);
        this.#era = event.era;
        this.#news = true;
        this.#ensemble.steered({ clock: event.clock, raw: event.notAfter, steering: event.steering, frequency: event.ppb, era: event.era });
        break;
      case "TemperatureRead":
        this.#ensemble.sense(event);
        break;
      case "Stepped":
        this.#era = event.era;
        break;
      case "PortReady":
        this.#ptp.ready(event, out);
        break;
      case "PortLost":
        this.#ptp.lost(event, out);
        break;
      case "Deadline":
        this.#tick(event.at, out);
        break;
    }
    return out;
  }

  /** Raw time of the next Deadline event that the engine needs. */
  deadline(): Raw {
    let earliest = Math.min(this.#ptp.deadline(), this.#associations.deadline(), this.#nextOwnPublication);
    for (const instance of this.#comparisons) earliest = Math.min(earliest, instance.deadline());
    return this.#hasLinks ? Math.min(earliest, this.#ensemble.deadline()) : earliest;
  }

  /**
   * How long packets may wait in the sockets, s; 0: not at all. They are stamped when they come, and what follows from them is not
   * decided more often: a wake-up for several costs little more than one for each. Requests of others are answered at once.
   */
  patience(): number {
    if (!this.#hasLinks || this.#ptp.transmitters.length > 0) return 0;
    let patience = this.#ensemble.patience();
    for (const { config } of this.#ptp.receivers) {
      const { logSyncInterval, logDelayRequestInterval } = config.timing;
      patience = Math.min(patience, mostWaiting * 2 ** Math.min(logSyncInterval, logDelayRequestInterval));
    }
    for (const { interval } of this.#associations.instances) patience = Math.min(patience, mostWaiting * interval);
    return patience;
  }

  /** What each source last announced, for reports. */
  sources(): readonly SourceSnapshot[] {
    return this.#followed.map((instance) => instance.snapshot());
  }

  /** What is known of each source's link as of `at`, for people who ask. */
  links(at: Raw): readonly LinkDescription[] {
    return this.#hasLinks ? this.#ensemble.describeLinks(at) : [];
  }

  /** How stable the node's clock was; null: it follows nobody, or was not aligned yet. */
  stability(): ClockStability | null {
    return this.#hasLinks ? this.#ensemble.describeStability() : null;
  }

  /** What a restart should know; null: nothing worth it. */
  remember(at: Raw): ClockMemory | null {
    return this.#ensemble.remember(at);
  }

  /** After configure(), before the first measurement: what was known when the last process ended. */
  recall(memory: ClockMemory, at: Raw): void {
    this.#news = true;
    this.#ensemble.recall(memory, at);
  }

  /** Somebody else steers the node's clock: nothing is commanded until that ends (null). Takes effect with the next batch. */
  share(foreign: ForeignSteering | null): void {
    this.#news = true;
    this.#ensemble.share(foreign);
  }

  /** State of the ports by name: for the Applied answer, readiness and metrics. */
  ports(): Iterable<[PortId, PortState]> {
    return this.#ptp.ports();
  }

  /** State of the NTP associations' sockets by name. */
  associations(): Iterable<[AssociationId, AssociationState]> {
    return this.#associations.entries();
  }

  get #followed(): readonly (ReceiverInstance | AssociationInstance | ComparisonInstance)[] {
    return [...this.#ptp.receivers, ...this.#associations.instances, ...this.#comparisons];
  }

  get #hasLinks(): boolean {
    return this.#config !== null && !followsNobody(this.#config);
  }

  #begin(): Action[] {
    this.#out = [];
    return this.#out;
  }

  #takeIndex(): number {
    const index = this.#nextIndex;
    this.#nextIndex = index >= 0xffff ? 1 : index + 1;
    return index;
  }

  /** Receivers and associations share the space of the indices: the upper 16 bits of a key. */
  #stamp(key: number, stamp: Stamp | null): void {
    const index = Math.floor(key / 0x1_0000);
    const instance = this.#ptp.withIndex(index) ?? this.#associations.withIndex(index);
    instance?.stamped(key & 0xffff, stamp, stamp?.raw ?? 0, this.#era, this.#sink);
  }

  #tick(at: Raw, out: Action[]): void {
    this.#ptp.tick(at, this.#random, this.#served, this.#sink, out);
    this.#associations.tick(at, this.#random, this.#sink, out);
    for (const instance of this.#comparisons) instance.tick(at, this.#sink);
    this.#decide(at);
  }

  #decide(at: Raw): void {
    const config = this.#config;
    if (!config) return;
    if (followsNobody(config)) return this.#publishOwned(config, at);
    if (this.#intervals !== this.#readIntervals()) this.#configureEnsemble(config, at);
    // A tick that only sends a request decides nothing.
    if (!this.#news && at < this.#ensemble.deadline()) return;
    this.#news = false;
    const { commands, steps, publication } = this.#ensemble.advance(at);
    // First what readers may believe: it is void before a step, and reckons with a command that may or may not be carried out.
    if (publication) this.#publish(publication);
    for (const { clock, by } of steps) this.#out.push({ kind: "Step", clock, by });
    for (const command of commands) this.#out.push({ kind: "SetFrequency", command });
  }

  #publishOwned(config: EngineConfig, at: Raw): void {
    if (at < this.#nextOwnPublication) return;
    this.#nextOwnPublication = at + publishEverySeconds;
    const serving = this.#ptp.transmitters.some((instance) => instance.serving);
    this.#publish(publishOwnedReference(config, serving, at, this.#era));
  }

  #publish(publication: Publication): void {
    const before = this.#published;
    const { clock, raw: at, state, reason, selected } = publication;
    this.#published = publication;
    const from = before?.state ?? "Unknown";
    if (from !== state) this.#sink.emit({ kind: "StateChanged", clock, from, to: state, reason, at });
    if ((before?.selected ?? null) !== selected)
      this.#sink.emit({ kind: "SourceChanged", clock, from: before?.selected ?? null, to: selected, at });
    this.#out.push({ kind: "Publish", publication });
    const server = this.#config?.ntpServer;
    if (!this.#config || !server) return;
    this.#serving = true;
    const sources = this.#followed.map((instance) => ({ snapshot: instance.snapshot(), grandmaster: instance.grandmaster }));
    this.#out.push({ kind: "ServeNtp", server: describeServing(this.#config, server, publication, sources, this.#updated) });
  }

  /** Who steers a clock by others has no other knowledge of it than theirs, whatever its owner believes of it. */
  #keptTimeOf(clock: ClockId, at: Raw, ahead: number): KeptTime | null {
    const config = this.#config;
    const isKept = clock === config?.clock && config.steer && this.#followed.some((instance) => instance.link().use !== "Watchdog");
    if (!isKept) return null;
    const published = this.#published;
    const isLive = published?.clock === clock && published.era === this.#era && at <= published.raw + published.voidAfter;
    // While it is on its way to its sources nobody is to start on it: they would have to come after it.
    const isSettled = published?.state === "PhaseAligned" || published?.state === "Holdover";
    if (!isLive || !isSettled || published.guaranteed === null) return { isHoldover: false, error: null };
    const error = published.guaranteed + published.guaranteedGrowth * (at + ahead - published.raw);
    return { isHoldover: published.state === "Holdover", error };
  }

  #configureEnsemble({ clock, steer, step, maxSlew, maxDrift, damping }: EngineConfig, at: Raw): void {
    const links = this.#followed.map((instance) => instance.link());
    this.#intervals = this.#readIntervals();
    this.#ensemble.configure({ clock, links, steer: steer && links.length > 0, step, maxSlew, maxDrift, damping }, at);
  }

  /** An association's interval moves while it runs. */
  #readIntervals(): string {
    return this.#associations.instances.map((instance) => instance.heardInterval).join();
  }
}
