/**
 * The agent: clocks, engine, hub and probes put together. It owns no decision about time; it carries configurations to the
 * engine, publications to the page, the hub and the metrics, and keeps going when any of them fails.
 */
import { randomUUID } from "node:crypto";
import { type ClockState, Engine, type EngineConfig, type EngineEvent, Ensemble, type PortId, type Publication } from "@meridian/engine";
import { type ClockPage, trimMemory } from "@meridian/native";
import { type EffectiveConfig, hub, type HubMessage, type PartResult, protocolVersion } from "@meridian/proto";
import type { Logger } from "pino";
import { ClockSet } from "./clock/clock-set.js";
import { type AgentConfig, systemClockName } from "./config.js";
import { messageOf } from "./errors.js";
import { EngineHost } from "./host/engine-host.js";
import { openVoidPage } from "./host/open-page.js";
import { describePorts } from "./host/port-report.js";
import { PortTroubles } from "./host/port-troubles.js";
import { type ProbeServer, startProbeServer } from "./http/probe-server.js";
import { Instruments } from "./http/instruments.js";
import { explainNotReady } from "./http/readiness.js";
import { readCapabilities } from "./hub/capabilities.js";
import { HubClient } from "./hub/hub-client.js";
import { readEffectiveConfig } from "./hub/read-config.js";
import { ReportBuilder } from "./hub/report.js";
import { AgentMemory, readBootId } from "./state/agent-memory.js";

/** A report follows a change of state at once, but never two within this. */
const reportSpacingMs = 250;
/** Until the hub says otherwise. */
const reportIntervalMs = 10_000;
/** The engine wakes at least every 5 s; three missed wake-ups are a stall. */
const stalledMs = 15_000;
const trimAfterMs = 8_000;
/** In one Applied, as the contract says. */
const mostParts = 32;
/** The hub asked for nothing: measure nothing, steer nothing. */
const nothing: EffectiveConfig = { role: "Observer" };

export class Agent {
  readonly #config: AgentConfig;
  readonly #log: Logger;
  readonly #version: string;
  readonly #clocks: ClockSet;
  readonly #page: ClockPage;
  readonly #memory: AgentMemory;
  readonly #engine: Engine;
  readonly #host: EngineHost;
  readonly #hub: HubClient | null;
  readonly #reports = new ReportBuilder();
  readonly #instruments = new Instruments();
  readonly #bootId = readBootId();
  readonly #instanceId = randomUUID();
  readonly #random: () => number;
  #applied: {
    readonly epoch: number;
    readonly revision: string;
    readonly engine: EngineConfig;
    readonly refused: readonly PartResult[];
  } | null = null;
  #newestEpoch = 0;
  #publication: { readonly what: Publication; readonly at: number } | null = null;
  #intervalMs = reportIntervalMs;
  #reportTimer: NodeJS.Timeout | undefined;
  #trimTimer: NodeJS.Timeout | undefined;
  #lastReport = Number.NEGATIVE_INFINITY;
  #lastParts = "";
  #state: ClockState = "Unknown";
  /** The clock is ours on this boot, on disk as well. */
  #tookOver = false;
  /** Code of the last failed connection; empty while connected. */
  #hubTrouble = "";
  readonly #ports = new PortTroubles();
  #probes: ProbeServer | null = null;

  /** Opens the clock and the page. @throws MER_AGENT_CLOCK_BUSY, MER_AGENT_CLOCK_FAILED, MER_AGENT_PAGE_FAILED */
  constructor(config: AgentConfig, log: Logger, version: string, random: () => number) {
    this.#config = config;
    this.#log = log;
    this.#version = version;
    this.#random = random;
    this.#clocks = new ClockSet(config.clocks, config.mode);
    this.#page = openVoidPage(config.pageFile, this.#clocks.read().era);
    this.#memory = new AgentMemory(config.stateDirectory, this.#bootId, (code, what, error) => {
      this.#instruments.countFailure(code);
      log.warn({ code, what, error: messageOf(error) }, "memory on disk failed; time goes on");
    });
    this.#engine = new Engine(new Ensemble(), random);
    this.#host = new EngineHost(this.#engine, this.#clocks, this.#page, {
      publish: (publication) => this.#publish(publication),
      emit: (event) => this.#emit(event),
      failed: (subject, code, message) => this.#failed(subject, code, message),
      portChanged: (port, because) => this.#portChanged(port, because),
      stepped: (by) => this.#stepped(by),
    });
    this.#hub = config.hub === null ? null : this.#createHubClient(config.hub);
    this.#instruments.observeHost(() => this.#host.statistics());
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
    if (stored) {
      this.#newestEpoch = stored.leaderEpoch;
      const { config } = hub.Config.decode(stored.bytes);
      if (config) {
        this.#log.info({ revision: stored.revision }, "running from the last configuration");
        this.#apply(stored.leaderEpoch, stored.revision, config);
      }
    }
    this.#hub?.start();
    this.#scheduleReport();
    this.#trimTimer = setTimeout(() => trimMemory(), trimAfterMs);
  }

  /** Port of the probe server, or null. */
  get probePort(): number | null {
    return this.#probes?.port ?? null;
  }

  /** Leaves the clock at its last good frequency. */
  stop(): void {
    clearTimeout(this.#reportTimer);
    clearTimeout(this.#trimTimer);
    this.#hub?.close();
    this.#host.close();
    this.#page.close();
    this.#clocks.close();
    this.#probes?.close();
  }

  #createHubClient(address: string): HubClient {
    const { hubCaFile, tokenFile, nodeName } = this.#config;
    const hello = () => ({
      protocolVersion: protocolVersion,
      agentVersion: this.#version,
      nodeName: nodeName,
      bootId: this.#bootId,
      instanceId: this.#instanceId,
      capabilities: readCapabilities(this.#clocks),
      appliedRevision: this.#applied?.revision ?? "",
      clockTrusted: this.#publication?.what.guaranteed != null,
    });
    const options = { address, caFile: hubCaFile, tokenFile, hello, random: this.#random };
    return new HubClient(options, {
      message: (message) => this.#receive(message),
      connection: (connected, code, reason) => {
        this.#instruments.setConnected(connected, code);
        this.#lastParts = "";
        // One line per change: attempts go on for as long as the operator is away.
        if (connected) this.#log.info({ hub: address }, "connected to the hub");
        else if (code !== this.#hubTrouble) this.#log.warn({ hub: address, code, reason }, "no hub now; time goes on");
        this.#hubTrouble = code;
      },
    });
  }

  #receive(message: HubMessage): void {
    if (message.welcome) {
      this.#newestEpoch = Math.max(this.#newestEpoch, message.welcome.leaderEpoch ?? 0);
      this.#intervalMs = Math.max(message.welcome.reportIntervalMilliseconds || reportIntervalMs, 1000);
      this.#report();
    } else if (message.config?.config) {
      const { leaderEpoch: epoch = 0, revision = "", config } = message.config;
      if (this.#isStale(epoch ?? 0)) return;
      this.#apply(epoch ?? 0, revision ?? "", config);
      this.#memory.writeConfig(hub.Config.encode(message.config).finish());
    } else if (message.release) {
      if (this.#isStale(message.release.leaderEpoch ?? 0)) return;
      this.#log.info({ reason: message.release.reason }, "released: the clock keeps its frequency");
      this.#memory.forgetConfig(message.release.leaderEpoch ?? 0);
      this.#apply(message.release.leaderEpoch ?? 0, "", nothing);
    }
  }

  /** Fencing: a leader that was replaced may still be talking. */
  #isStale(epoch: number): boolean {
    if (epoch >= this.#newestEpoch) {
      this.#newestEpoch = epoch;
      return false;
    }
    this.#log.warn({ code: "MER_AGENT_STALE_EPOCH", epoch, newest: this.#newestEpoch }, "refused an old leader's configuration");
    return true;
  }

  #apply(epoch: number, revision: string, config: EffectiveConfig): void {
    const clock = this.#config.clocks.get(systemClockName) ?? "realtime:";
    const { engine, refused } = readEffectiveConfig(config, {
      clock,
      steers: this.#clocks.steers,
      identify: (name) => this.#clocks.identify(name === "system" ? systemClockName : name),
      alreadyStepped: this.#memory.wasStepped(clock),
    });
    this.#newestEpoch = Math.max(this.#newestEpoch, epoch);
    this.#applied = { epoch, revision, engine, refused };
    this.#log.info(
      { revision, role: config.role, domain: config.domain, receivers: engine.receivers.length, transmitters: engine.transmitters.length },
      "configuration applied",
    );
    for (const { part, code, message } of refused) this.#log.warn({ part, code }, message ?? "");
    this.#host.configure(engine);
    this.#sendApplied();
  }

  #publish(publication: Publication): void {
    const nowMs = performance.now();
    this.#publication = { what: publication, at: nowMs };
    this.#instruments.publish(publication);
    const locked = publication.state === "PhaseAligned" && publication.sources.length > 0;
    // From now on the clock is ours and close: no restart of this process may step it on this boot.
    if (locked && !this.#tookOver) this.#rememberTakeOver();
    const { state, reason } = publication;
    if (!this.#reports.observe(publication, nowMs)) return;
    this.#log.info({ from: this.#state, to: state, reason }, "state");
    this.#state = state;
    this.#scheduleReport(Math.max(0, this.#lastReport + reportSpacingMs - nowMs));
  }

  #rememberTakeOver(): void {
    this.#tookOver = true;
    this.#memory.rememberStep(this.#clocks.own.uri);
  }

  #stepped(by: number): void {
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
    this.#log.warn({ subject, code }, message);
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
    this.#scheduleReport(reportSpacingMs);
  }

  #scheduleReport(afterMs = this.#intervalMs * (0.9 + 0.2 * this.#random())): void {
    clearTimeout(this.#reportTimer);
    this.#reportTimer = setTimeout(() => this.#report(), afterMs);
  }

  #report(): void {
    const nowMs = performance.now();
    this.#lastReport = nowMs;
    if (this.#publication) {
      const { what, at } = this.#publication;
      this.#hub?.send({ report: this.#reports.build(what, this.#engine.sources(), (nowMs - at) / 1000, nowMs) });
    }
    this.#sendApplied();
    this.#scheduleReport();
  }

  /** What became of each part; sent again when that changes, e.g. when a port comes back. */
  #sendApplied(): void {
    if (!this.#applied) return;
    const { revision, engine, refused } = this.#applied;
    const parts = [...refused, ...describePorts(engine, this.#ports.all), this.#describeClock()].slice(0, mostParts);
    const fingerprint = JSON.stringify([revision, parts]);
    if (fingerprint === this.#lastParts) return;
    if (this.#hub?.send({ applied: { revision, parts } })) this.#lastParts = fingerprint;
  }

  #describeClock(): PartResult {
    const { notSteered } = this.#clocks;
    return notSteered === null
      ? { part: "clock", ok: true, code: "", message: "" }
      : { part: "clock", ok: false, code: "MER_AGENT_NOT_STEERABLE", message: notSteered };
  }

  #healthy(): string | null {
    const idle = this.#host.idleMilliseconds;
    return idle < stalledMs ? null : `the engine has not run for ${Math.round(idle / 1000)} s`;
  }

  #ready(): string | null {
    return explainNotReady(this.#applied?.engine ?? null, this.#state);
  }
}
