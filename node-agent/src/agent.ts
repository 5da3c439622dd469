/**
 * The agent: clocks, engine, hub and probes put together. It owns no decision about time; it carries configurations to the
 * engine, publications to the page, the hub and the metrics, and keeps going when any of them fails.
 */
import { randomUUID } from "node:crypto";
import {
  type ClockState,
  Engine,
  type EngineConfig,
  type EngineEvent,
  Ensemble,
  type Measurement,
  type PortId,
  type Publication,
} from "@meridian/engine";
import { trimMemory } from "@meridian/native";
import { type Capabilities, type EffectiveConfig, hub, type HubMessage, type PartResult, protocolVersion } from "@meridian/proto";
import type { Logger } from "pino";
import { ClockSet, type Reading } from "./clock/clock-set.js";
import { listClocks } from "./clock/list-clocks.js";
import { TemperatureWatch } from "./clock/temperature-watch.js";
import { type AgentConfig, systemClockName } from "./config.js";
import { codeOf, messageOf } from "./errors.js";
import { ClockOwnership } from "./guard/clock-ownership.js";
import { ConflictGuard, type HostTimeDaemon } from "./guard/conflict-guard.js";
import { findTimeDaemons } from "./guard/find-time-daemons.js";
import { EngineHost } from "./host/engine-host.js";
import { openVoidPages } from "./host/open-page.js";
import { Outages } from "./host/outages.js";
import type { PortTrouble } from "./host/port-report.js";
import { PortTroubles } from "./host/port-troubles.js";
import { type ProbeServer, startProbeServer } from "./http/probe-server.js";
import { Instruments } from "./http/instruments.js";
import { explainNotReady } from "./http/readiness.js";
import { AppliedAnswers } from "./hub/applied-answers.js";
import { readCapabilities } from "./hub/capabilities.js";
import { HubClient } from "./hub/hub-client.js";
import { printable } from "./hub/printable.js";
import { type ReadConfig, readEffectiveConfig } from "./hub/read-config.js";
import { ReportBuilder } from "./hub/report.js";
import { ReportTimer } from "./hub/report-timer.js";
import { ToldCapabilities } from "./hub/told-capabilities.js";
import { LeapAlarm, leapTableEnd } from "./leap/leap-alarm.js";
import type { PublishedPages } from "./publication/published-pages.js";
import { AgentMemory, readBootId } from "./state/agent-memory.js";
import { ClockKeeper } from "./state/clock-keeper.js";
import type { AgentStatus, PortOpening } from "./status/agent-status.js";
import { describeAgent, describeStability } from "./status/describe-agent.js";
import { type StatusServer, startStatusServer } from "./status/status-server.js";

/** How often it is looked whether what the hub was told still holds, though nothing happens. */
const watchMs = 1000;
/** The engine wakes at least every 5 s; three missed wake-ups are a stall. */
const stalledMs = 15_000;
const trimAfterMs = 8_000;
/** What is known of the clock is kept that often: less is lost by a sudden end than a minute's drift is worth. */
const keepEveryMs = 60_000;
/** The hub asked for nothing: measure nothing, steer nothing. */
const nothing: EffectiveConfig = { role: "Observer" };

/** An epoch is a Lease's int32; a larger one would lock every later operator out. */
const mostEpoch = 2 ** 31 - 1;
const longestRevision = 64;

export class Agent {
  readonly #config: AgentConfig;
  readonly #log: Logger;
  readonly #version: string;
  readonly #clocks: ClockSet;
  readonly #pages: PublishedPages;
  readonly #memory: AgentMemory;
  readonly #keeper: ClockKeeper;
  readonly #guard: ConflictGuard;
  readonly #ownership: ClockOwnership;
  #keptAt = Number.NEGATIVE_INFINITY;
  /** The memory of the last process was asked for. */
  #recalled = false;
  readonly #engine: Engine;
  readonly #host: EngineHost;
  readonly #hub: HubClient | null;
  readonly #reports = new ReportBuilder();
  readonly #reportTimer: ReportTimer;
  readonly #instruments = new Instruments(() => performance.now());
  readonly #bootId = readBootId();
  readonly #instanceId = randomUUID();
  readonly #random: () => number;
  #applied: {
    readonly epoch: number;
    readonly revision: string;
    readonly engine: EngineConfig;
    readonly refused: readonly PartResult[];
    readonly hostTimeDaemon: HostTimeDaemon;
    readonly domain: EffectiveConfig["domain"];
    readonly role: EffectiveConfig["role"];
    readonly objective: EffectiveConfig["objective"];
  } | null = null;
  /** Of all leaders that were obeyed. */
  #newestEpoch = 0;
  readonly #answers = new AppliedAnswers((applied) => this.#hub?.send({ applied }) ?? false);
  #publication: { readonly what: Publication; readonly at: number } | null = null;
  #trimTimer: NodeJS.Timeout | undefined;
  #watchTimer: NodeJS.Timeout | undefined;
  #state: ClockState = "Unknown";
  /** The clock is ours on this boot, on disk as well. */
  #tookOver = false;
  /** Code of the last failed connection; empty while connected. */
  #hubTrouble = "";
  readonly #leapAlarm = new LeapAlarm();
  readonly #ports = new PortTroubles();
  readonly #outages = new Outages();
  readonly #temperatures = new TemperatureWatch((sensor, celsius) => this.#host.sense(sensor, celsius));
  readonly #capabilities: ToldCapabilities;
  #probes: ProbeServer | null = null;
  #socket: StatusServer | null = null;
  /** Parts that send no Sync, as last judged. */
  #silent: ReadonlyMap<string, PortTrouble> = new Map();

  /**
   * Opens the clock and the page.
   * @param capabilitiesOf default: what this machine has
   * @throws MER_AGENT_CLOCK_BUSY, MER_AGENT_CLOCK_FAILED, MER_AGENT_PAGE_FAILED
   */
  constructor(
    config: AgentConfig,
    log: Logger,
    version: string,
    random: () => number,
    capabilitiesOf: (clocks: ClockSet) => Capabilities = readCapabilities,
  ) {
    this.#config = config;
    this.#log = log;
    this.#version = version;
    this.#reportTimer = new ReportTimer(() => this.#report(), random);
    this.#random = random;
    this.#clocks = new ClockSet(config.clocks, config.mode);
    this.#capabilities = new ToldCapabilities(() => capabilitiesOf(this.#clocks));
    const { pageFile, clockBoundDirectory } = config;
    this.#pages = openVoidPages({ pageFile, clockBoundDirectory, clock: this.#clocks.own }, this.#clocks.read().era);
    this.#memory = new AgentMemory(config.stateDirectory, this.#bootId, (code, what, error) => {
      this.#instruments.countFailure(code);
      log.warn({ code, what, error: messageOf(error) }, "memory on disk failed; time goes on");
    });
    this.#keeper = new ClockKeeper(
      this.#memory,
      { uri: this.#clocks.own.uri, readOrigin: () => this.#clocks.readOrigin(), now: () => this.#clocks.now() },
      this.#bootId,
    );
    // The host's daemons steer the kernel's clock, and no other.
    this.#guard = new ConflictGuard(() => (this.#clocks.own.uri === "realtime:" ? findTimeDaemons() : []));
    this.#ownership = new ClockOwnership(this.#guard, (foreign) => this.#host.share(foreign));
    // The one place where something is said per packet, for those who ask for every detail.
    const trace = log.isLevelEnabled("trace") ? (measurement: Measurement) => log.trace({ measurement }, "measured") : undefined;
    this.#engine = new Engine(new Ensemble(), random, trace);
    this.#host = new EngineHost(this.#engine, this.#clocks, this.#pages, {
      publish: (publication) => this.#publish(publication),
      emit: (event) => this.#emit(event),
      failed: (subject, code, message) => this.#failed(subject, code, message),
      worked: (subject) => this.#worked(subject),
      portChanged: (port, because) => this.#portChanged(port, because),
      stepped: (by) => this.#stepped(by),
      commanded: (ppb, untilRaw, thenPpb) => this.#guard.command(ppb, untilRaw, thenPpb),
      wasRead: (reading) => this.#lookFor(reading),
    });
    this.#hub = config.hubs.length === 0 ? null : this.#createHubClient(config.hubs);
    this.#instruments.observeHost(() => this.#host.statistics());
    this.#instruments.observeDisruptions(() => this.#pages.disruptions());
    this.#instruments.observeStability(() => this.#engine.stability());
    this.#instruments.observeNtpServer(() => this.#host.ntpStatistics());
  }

  /** Runs from the cached configuration at once, then follows the hub. @throws MER_AGENT_HTTP_ADDRESS */
  async start(): Promise<void> {
    const { notSteered } = this.#clocks;
    if (this.#config.mode === "steer" && notSteered !== null)
      this.#log.warn({ code: "MER_AGENT_NOT_STEERABLE", reason: notSteered }, "the clock cannot be steered: measuring only");
    if (this.#config.httpAddress !== null) {
      this.#probes = await startProbeServer(this.#config.httpAddress, this.#instruments.registry, {
        healthy: () => this.#healthy(),
        ready: () => this.#ready(),
      });
    }
    const stored = this.#memory.readConfig();
    if (this.#config.socketFile !== null) await this.#openSocket(this.#config.socketFile);
    // A node that no domain has claimed yet runs an engine that measures nothing, and is as alive as any other.
    this.#newestEpoch = stored?.leaderEpoch ?? 0;
    const config = stored && hub.Config.decode(stored.bytes).config;
    if (stored && config) {
      this.#log.info({ revision: stored.revision }, "running from the last configuration");
      this.#apply(stored.leaderEpoch, stored.revision, config);
    } else this.#host.configure(this.#readConfig(nothing).engine);
    this.#hub?.start();
    this.#temperatures.start();
    this.#reportTimer.reported(performance.now());
    this.#watchTimer = setInterval(() => this.#watch(), watchMs);
    this.#trimTimer = setTimeout(() => trimMemory(), trimAfterMs);
  }

  /** Port of the probe server, or null. */
  get probePort(): number | null {
    return this.#probes?.port ?? null;
  }

  /** Leaves the clock at its last good frequency. */
  stop(): void {
    this.#reportTimer.close();
    this.#temperatures.close();
    clearTimeout(this.#trimTimer);
    clearInterval(this.#watchTimer);
    this.#hub?.close();
    try {
      this.#keeper.keep(this.#engine.remember(this.#clocks.now()), true);
    } catch (error) {
      // A clock that has vanished has nothing to be remembered; the others are closed all the same.
      this.#log.warn({ code: codeOf(error, "MER_AGENT_CLOCK_FAILED") }, messageOf(error));
    }
    this.#host.close();
    this.#pages.close();
    this.#clocks.close();
    this.#probes?.close();
    this.#socket?.close();
  }

  #createHubClient(addresses: readonly string[]): HubClient {
    const { hubCaFile, tokenFile, nodeName } = this.#config;
    const hello = () => ({
      protocolVersion: protocolVersion,
      agentVersion: this.#version,
      nodeName: nodeName,
      bootId: this.#bootId,
      instanceId: this.#instanceId,
      capabilities: this.#capabilities.tell(),
      appliedRevision: this.#applied?.revision ?? "",
      clockTrusted: this.#publication?.what.guaranteed != null,
      newestEpoch: this.#newestEpoch,
    });
    const options = { addresses, caFile: hubCaFile, tokenFile, hello, random: this.#random };
    return new HubClient(options, {
      message: (message) => this.#receive(message),
      connection: (connected, code, reason) => {
        this.#instruments.setConnected(connected, code);
        this.#answers.startAnew();
        // One line per change: attempts go on for as long as the operator is away.
        if (connected) this.#log.info({ hub: this.#hub?.address }, "connected to the hub");
        else if (code !== this.#hubTrouble)
          this.#log.warn({ hub: this.#hub?.address, code, reason: printable(reason, 512) }, "no hub now; time goes on");
        this.#hubTrouble = code;
      },
    });
  }

  #receive(message: HubMessage): void {
    if (message.welcome) {
      if ((message.welcome.leaderEpoch ?? 0) > mostEpoch) return;
      this.#newestEpoch = Math.max(this.#newestEpoch, message.welcome.leaderEpoch ?? 0);
      this.#reportTimer.setInterval(message.welcome.reportIntervalMilliseconds ?? 0);
      this.#report();
    } else if (message.config?.config) {
      const { leaderEpoch: epoch = 0, revision = "", config } = message.config;
      // It comes back in every Hello.
      if ((revision ?? "").length > longestRevision) return this.#failed("hub", "MER_AGENT_PART_INVALID", "a revision is too long");
      if (this.#isStale(epoch ?? 0, revision ?? "")) return;
      this.#apply(epoch ?? 0, revision ?? "", config);
      this.#memory.writeConfig(hub.Config.encode(message.config).finish());
    } else if (message.release) {
      if (this.#isStale(message.release.leaderEpoch ?? 0, "")) return;
      if (this.#applied?.revision === "") return;
      this.#log.info({ reason: printable(message.release.reason) }, "released: the clock keeps its frequency");
      this.#memory.forgetConfig(message.release.leaderEpoch ?? 0);
      this.#apply(message.release.leaderEpoch ?? 0, "", nothing);
    }
  }

  /** Fencing: a leader that was replaced may still be talking. It is told so: if it is the leader after all, it needs a newer epoch. */
  #isStale(epoch: number, revision: string): boolean {
    if (epoch >= this.#newestEpoch && epoch <= mostEpoch) {
      this.#newestEpoch = epoch;
      return false;
    }
    this.#log.warn({ code: "MER_AGENT_STALE_EPOCH", epoch, newest: this.#newestEpoch }, "refused an old leader's configuration");
    const message =
      epoch > mostEpoch
        ? `leader epoch ${epoch} cannot be`
        : `leader epoch ${epoch} is older than ${this.#newestEpoch}, which this agent has obeyed`;
    this.#answers.refuse(revision, "MER_AGENT_STALE_EPOCH", message);
    return true;
  }

  #readConfig(config: EffectiveConfig): ReadConfig {
    const clock = this.#config.clocks.get(systemClockName) ?? "realtime:";
    return readEffectiveConfig(config, {
      clock,
      steers: this.#clocks.steers,
      identify: (name) => this.#clocks.identify(name === "system" ? systemClockName : name),
      alreadyStepped: this.#memory.wasStepped(clock),
    });
  }

  #apply(epoch: number, revision: string, config: EffectiveConfig): void {
    const { engine, refused, hostTimeDaemon } = this.#readConfig(config);
    this.#newestEpoch = Math.max(this.#newestEpoch, epoch);
    const { domain, role, objective } = config;
    this.#applied = { epoch, revision, engine, refused, hostTimeDaemon, domain, role, objective };
    this.#answers.accept();
    this.#log.info(
      {
        leaderEpoch: epoch,
        revision,
        role: printable(config.role),
        domain: printable(config.domain),
        receivers: engine.receivers.length,
        transmitters: engine.transmitters.length,
        associations: engine.associations.length,
        serves_ntp: engine.ntpServer !== null,
      },
      "configuration applied",
    );
    for (const { part, code, message } of refused) this.#log.warn({ part, code }, message ?? "");
    this.#host.configure(engine);
    if (countSources(engine) > 0) this.#recall();
    this.#sendApplied();
  }

  /** Once, when there is something to follow: the clock goes on as the last process knew it. */
  #recall(): void {
    if (this.#recalled) return;
    this.#recalled = true;
    const recalled = this.#keeper.recall();
    if (recalled === null) return;
    const { memory, kind } = recalled;
    this.#log.info({ kind, frequency_ppb: Math.round(memory.oscillator.rate) }, "going on from what was known of the clock");
    this.#host.recall(memory);
  }

  #keepClock(nowMs: number): void {
    if (nowMs - this.#keptAt < keepEveryMs) return;
    const memory = this.#engine.remember(this.#clocks.now());
    if (memory === null) return;
    this.#keptAt = nowMs;
    this.#keeper.keep(memory, false);
  }

  #publish(publication: Publication): void {
    const nowMs = performance.now();
    this.#publication = { what: publication, at: nowMs };
    this.#instruments.publish(publication);
    const locked = publication.state === "PhaseAligned" && publication.sources.length > 0;
    // From now on the clock is ours and close: no restart of this process may step it on this boot.
    if (locked && !this.#tookOver) this.#rememberTakeOver();
    const news = this.#reports.observe(publication, nowMs);
    if (news === "none") return;
    this.#reportTimer.hasten(nowMs);
    if (news === "figures") return;
    const { state, reason } = publication;
    this.#log.info({ from: this.#state, to: state, reason }, "state");
    this.#state = state;
  }

  #rememberTakeOver(): void {
    this.#tookOver = true;
    this.#memory.rememberStep(this.#clocks.own.uri);
  }

  #lookFor(reading: Reading): void {
    const [, suspends = 0, moves = 0] = this.#pages.disruptions();
    this.#guard.disrupted(suspends + moves);
    const interference = this.#guard.read(reading);
    // What others do to a clock that we only measure is theirs to do.
    if (interference === null || !this.#isSteering()) return;
    this.#instruments.countInterference(interference);
    // Who steers beside us has been named already, and may do so every second.
    if (this.#ownership.conflicts.length > 0) return;
    this.#log.warn({ evidence: interference, times: this.#guard.traces }, "somebody else changed the clock");
  }

  #isSteering(): boolean {
    const engine = this.#applied?.engine;
    return engine?.steer === true && countSources(engine) > 0;
  }

  #watchOwnership(nowMs: number): void {
    const news = this.#ownership.watch(nowMs / 1e3, this.#isSteering(), this.#applied?.hostTimeDaemon ?? "Refuse");
    if (news.kind === "none") return;
    if (news.kind === "conflict")
      this.#log.warn(
        { code: "MER_AGENT_CLOCK_CONTESTED", conflicts: news.conflicts, hostTimeDaemon: this.#applied?.hostTimeDaemon },
        "another program steers the clock",
      );
    else this.#log.info("the clock is ours again");
    this.#reportTimer.hasten(nowMs);
  }

  #stepped(by: number): void {
    this.#guard.stepped();
    this.#log.warn({ by_nanoseconds: by }, "stepped the clock");
    this.#instruments.countStep();
    this.#reports.countStep();
    this.#rememberTakeOver();
  }

  #emit(event: EngineEvent): void {
    switch (event.kind) {
      case "PacketDropped":
        return this.#instruments.countDropped(event.reason);
      case "StateChanged":
        return; // #publish logs it, and changes of its reason as well
      case "SourceChanged":
        return this.#log.info({ from: event.from, to: event.to }, "source");
      case "PortStateChanged":
        return this.#log.info({ instance: event.instance, from: event.from, to: event.to, reason: event.reason }, "port state");
    }
  }

  #failed(subject: string, code: string, message: string): void {
    this.#instruments.countFailure(code);
    // It may fail with every packet.
    if (this.#outages.begin(subject, code)) this.#log.warn({ subject, code }, message);
  }

  #worked(subject: string): void {
    if (this.#outages.end(subject)) this.#log.info({ subject }, "works again");
  }

  #portChanged(port: PortId, because: string | null): void {
    const news = this.#ports.change(port, because);
    switch (news.kind) {
      case "none":
        return;
      case "opened":
        this.#log.info({ port }, "port is open again");
        break;
      case "trouble":
        this.#instruments.countFailure(news.trouble.code);
        this.#log.warn({ port, code: news.trouble.code }, news.trouble.message);
        break;
    }
    this.#reportTimer.hasten(performance.now());
  }

  /** What was told runs out by itself: bounds grow, publications die, Sync programs stop. */
  #watch(): void {
    const nowMs = performance.now();
    const last = this.#publication;
    const leap = last && this.#leapAlarm.watch(last.what);
    if (leap) this.#log.warn({ code: "MER_AGENT_LEAP_TABLE", state: leap, until: leapTableEnd() }, "the table of leap seconds ends");
    if (last && this.#reports.isOutdated(last.what, (nowMs - last.at) / 1e3)) this.#reportTimer.hasten(nowMs);
    this.#keepClock(nowMs);
    this.#watchOwnership(nowMs);
    this.#sendApplied();
  }

  #report(): void {
    const nowMs = performance.now();
    this.#reportTimer.reported(nowMs);
    if (this.#publication) {
      const { what, at } = this.#publication;
      this.#hub?.send({ report: this.#reports.build(what, this.#engine.sources(), this.#ownership.conflicts, (nowMs - at) / 1000, nowMs) });
    }
    this.#sendApplied();
    this.#renewCapabilities(nowMs);
  }

  #renewCapabilities(nowMs: number): void {
    if (!this.#hub?.connected) return;
    try {
      if (!this.#capabilities.needsRenewal(nowMs)) return;
    } catch (error) {
      return this.#failed("capabilities", codeOf(error, "unexpected"), messageOf(error));
    }
    this.#log.info("interfaces or clocks changed: introducing this node to the hub anew");
    this.#hub.renew();
  }

  #sendApplied(): void {
    if (!this.#applied) return;
    const { notSteered } = this.#clocks;
    this.#silent = this.#host.judgePrograms();
    this.#answers.update({
      ...this.#applied,
      ports: this.#ports.all,
      silent: this.#silent,
      notSteered,
      contested: this.#ownership.contested,
    });
  }

  /** Nobody's time depends on it: without it the agent runs on. */
  async #openSocket(file: string): Promise<void> {
    try {
      this.#socket = await startStatusServer(file, () => this.describe());
    } catch (error) {
      this.#failed("socket", codeOf(error, "MER_AGENT_SOCKET"), messageOf(error));
    }
  }

  /** All that is known now, for people who ask. */
  describe(): AgentStatus {
    const nowMs = performance.now();
    const { nodeName: node, mode } = this.#config;
    const { own, steers } = this.#clocks;
    const [applied, published, hub, { stateSince, steps }] = [this.#applied, this.#publication, this.#hub, this.#reports];
    const { maxErrorNanoseconds, bound } = applied?.objective ?? {};
    return describeAgent({
      ...{ node, version: this.#version, mode },
      domain: applied?.domain || null,
      role: applied?.role || null,
      revision: applied?.revision || null,
      objective: maxErrorNanoseconds ? { bound: bound || "Calibrated", maxErrorNanoseconds } : null,
      hub: { connected: hub?.connected ?? false, address: hub?.address ?? null, trouble: this.#hubTrouble || null },
      leapTable: { state: this.#leapAlarm.state, until: leapTableEnd() },
      clock: { name: "system", uri: own.uri, steps, conflicts: this.#ownership.conflicts },
      publication: published?.what ?? null,
      age: published ? (nowMs - published.at) / 1e3 : 0,
      stateAge: stateSince === null ? null : (nowMs - stateSince) / 1e3,
      links: this.#engine.links(this.#clocks.now()),
      announced: this.#engine.sources(),
      transmitters: applied?.engine.transmitters ?? [],
      ntpServer: applied?.engine.ntpServer ?? null,
      ntpStatistics: this.#host.ntpStatistics(),
      openPorts: this.#listPorts(),
      troubles: this.#ports.all,
      silent: this.#silent,
      clocks: listClocks(this.#clocks).map((clock) => {
        const stability = clock.device === own.uri ? this.#engine.stability() : null;
        return { ...clock, steerable: steers && clock.device === own.uri, stability: stability && describeStability(stability) };
      }),
    });
  }

  *#listPorts(): Iterable<[string, PortOpening]> {
    for (const [port, { identity: opened, lostBecause }] of this.#engine.ports()) yield [port, { opened, lostBecause }];
    for (const [association, { opened, lostBecause }] of this.#engine.associations()) yield [association, { opened, lostBecause }];
  }

  #healthy(): string | null {
    const idle = this.#host.idleMilliseconds;
    return idle < stalledMs ? null : `the engine has not run for ${Math.round(idle / 1000)} s`;
  }

  #ready(): string | null {
    return explainNotReady(this.#applied?.engine ?? null, this.#state);
  }
}

const countSources = ({ receivers, associations, comparisons }: EngineConfig): number =>
  receivers.length + associations.length + comparisons.length;
