/**
 * The operator put together: caches and handlers of kopf-ts, the live plan, the hub and its fleet. Here stands which event leads
 * to which handler; what a handler does stands in its own folder.
 */
import { type App, type KubeClient, type Log, operator, type OperatorOptions, type ResourceType, type ShutdownReport } from "kopf-ts";
import { Registry } from "prom-client";
import { coalesce } from "./coalesce.js";
import type { OperatorConfig } from "./config.js";
import { createClockProfileReconciler } from "./controllers/clockprofile/reconcile-clock-profile.js";
import { createGrandmasterReconciler } from "./controllers/grandmaster/reconcile-grandmaster.js";
import { byNode, createNodeReconciler } from "./controllers/node/reconcile-node.js";
import { type Clocks, createNodeClockReconciler } from "./controllers/nodeclock/reconcile-node-clock.js";
import { StepCounts } from "./controllers/nodeclock/step-counts.js";
import { StatusBudget } from "./controllers/nodeclock/status-budget.js";
import { createTimeDomainReconciler } from "./controllers/timedomain/reconcile-time-domain.js";
import { createHubInstruments, type HubInstruments } from "./http/hub-instruments.js";
import { type ProbeServer, startProbeServer } from "./http/probe-server.js";
import { createPrometheusMetrics, metricsPrefix } from "./http/prometheus.js";
import { createAuthenticator } from "./hub/authenticate.js";
import { Fleet, type FleetChange } from "./hub/fleet.js";
import { followIdentity } from "./hub/follow-identity.js";
import { HubIdentity } from "./hub/hub-identity.js";
import { endpointAnnotation, HubLeadership } from "./hub/hub-leadership.js";
import { type HubServer, startHubServer } from "./hub/hub-server.js";
import { ClockProfiles, Grandmasters, NodeClocks, Nodes, TimeDomains } from "./kinds.js";
import { DomainDefinition } from "./world/domain-definition.js";
import { projectNode } from "./world/project-node.js";
import { retryUntilDone } from "./retry.js";
import { LivePlan } from "./world/live-plan.js";
import { observePlan, observeWorld } from "./world/observe-world.js";
import { createSchemaCheck } from "./world/schema-check.js";

export interface MeridianOptions {
  readonly config: OperatorConfig;
  readonly kube: OperatorOptions["kube"];
  readonly log: Log;
  readonly clocks: Clocks;
  /** Name of this process in the Lease. */
  readonly identity: string;
  /** Called once both servers listen. */
  readonly listening: (ports: { readonly hub: number; readonly http: number }) => void;
}

const fieldManager = "meridian-operator";
const leaseName = "meridian-operator";
/** Annotation of the Lease: uid of the definition under which there were TimeDomains. */
const definitionAnnotation = "time.meridian.io/domain-definition";
const lookAgainMs = 50;
/** How often a replica looks at the hub's Secret, at most. */
const identityPeriodMs = 60_000;
/** What users write, and what the planner and the resolution of configurations look at. */
const policyTypes: readonly ResourceType[] = [TimeDomains, Grandmasters, ClockProfiles];
/** Whose handlers look at the plan or at policy. */
const plannedTypes: readonly ResourceType[] = [Nodes, NodeClocks, TimeDomains, Grandmasters];
/** Nodes and NodeClocks are many, and a handler mostly waits for the API server. */
const concurrency = 8;

export class MeridianOperator {
  readonly #options: MeridianOptions;
  readonly #registry = new Registry();
  readonly #instruments: HubInstruments;
  readonly #app: App;
  readonly #fleet: Fleet;
  readonly #plan: LivePlan;
  readonly #leadership: HubLeadership;
  readonly #identity: HubIdentity;
  readonly #definition: DomainDefinition;
  readonly #budget: StatusBudget;
  readonly #steps = new StepCounts();
  /** Looks again at everything that depends on the plan; agents that come as a crowd cause one look. */
  readonly #lookAgain = coalesce(lookAgainMs, () => this.#triggerPlanned());
  #hub: HubServer | null = null;
  #probes: ProbeServer | null = null;

  constructor(options: MeridianOptions) {
    const { clocks, config, identity, kube, log } = options;
    this.#options = options;
    const metrics = createPrometheusMetrics(this.#registry, metricsPrefix);
    this.#instruments = createHubInstruments(metrics);
    const app = operator({
      kube,
      identity: fieldManager,
      instance: identity,
      log,
      metrics,
      leaderElection: { namespace: config.namespace, name: leaseName, identity, annotations: () => this.#leaseAnnotations() },
    });
    this.#app = app;
    this.#leadership = new HubLeadership(app.leadership, () => this.#endpoint(), log, clocks.monotonic);
    const policy = { lifetimeMs: config.hubKeyLifetimeMs, overlapMs: config.hubKeyOverlapMs };
    this.#identity = new HubIdentity({
      client: app.client,
      namespace: config.namespace,
      policy,
      log,
      date: clocks.date,
      now: clocks.monotonic,
    });
    this.#fleet = new Fleet(clocks.monotonic);
    this.#budget = new StatusBudget(clocks.monotonic, (waiting) => this.#instruments.statusWaiting.set({}, waiting));
    this.#definition = new DomainDefinition({
      client: app.client,
      domains: () => app.store(TimeDomains).size,
      inherited: () => app.leadership.annotations[definitionAnnotation] ?? "",
      log,
      now: clocks.monotonic,
    });
    app.store(Nodes, { project: projectNode });
    app.store(NodeClocks, { indexes: { [byNode]: ({ spec }) => [spec.nodeName] } });
    this.#plan = new LivePlan({
      world: () => observeWorld((type) => app.store(type), this.#fleet),
      previous: () => observePlan((type) => app.store(type)),
    });
    this.#declareHandlers();
    this.#watchPolicy();
    this.#watchFleet();
    app.startup(({ client, signal }) => this.#start(client, signal));
    app.term(({ term }) => this.#takeOver(term.signal));
    app.cleanup(() => this.#stop());
    app.probe("crds", createSchemaCheck(app.client));
    app.probe("hub", () => ({ healthy: this.#hub !== null, detail: this.#hub ? `port ${this.#hub.port}` : "not listening yet" }));
  }

  /** Runs until `signal` aborts. @throws KOPF_STARTUP_FAILED with the reason as its cause */
  run(signal: AbortSignal, forceSignal: AbortSignal): Promise<ShutdownReport> {
    return this.#app.run({ signal, forceSignal });
  }

  #declareHandlers(): void {
    const { clocks } = this.#options;
    const [app, plan, fleet] = [this.#app, this.#plan, this.#fleet];
    const ofGeneration = { isRelevant: isNewGeneration };
    const ofMoves = { concurrency, isRelevant: hasMoved };
    app.on.reconcile(Nodes, createNodeReconciler(plan, fleet, this.#definition), ofMoves);
    app.on.reconcile(NodeClocks, createNodeClockReconciler(fleet, clocks, this.#budget, this.#steps), { concurrency });
    app.on.reconcile(TimeDomains, createTimeDomainReconciler(plan, fleet, clocks), ofGeneration);
    app.on.reconcile(Grandmasters, createGrandmasterReconciler(plan, fleet, clocks), ofGeneration);
    app.on.reconcile(ClockProfiles, createClockProfileReconciler(clocks.date), ofGeneration);
    // A NodeClock that somebody edits or deletes is put right by its node's handler.
    app.watches(NodeClocks, ({ spec }) => [spec.nodeName], { for: Nodes });
    app.watches(TimeDomains, ({ spec }) => spec.sources.map(({ grandmasterRef }) => grandmasterRef.name), { for: Grandmasters });
    app.watches(TimeDomains, ({ spec }) => (spec.profileRef ? [spec.profileRef.name] : []), { for: ClockProfiles });
  }

  /** After a change of policy or of the nodes everybody looks again, which is cheap. */
  #watchPolicy(): void {
    for (const type of policyTypes) {
      this.#app.store(type).subscribe(({ current, previous }) => {
        if (current && previous && !isNewGeneration(current, previous)) return;
        this.#replan();
      });
    }
    const domains = this.#app.store(TimeDomains);
    domains.subscribe(({ previous }) => {
      if (previous === undefined && domains.size === 1 && this.#leadership.epoch !== null) void this.#definition.follow();
    });
    this.#app.store(Nodes).subscribe(({ current, previous }) => {
      if (current && previous && !hasMoved(current, previous)) return;
      this.#replan();
    });
  }

  #watchFleet(): void {
    const { connected } = this.#instruments;
    this.#fleet.subscribe((node, change) => {
      connected.set({}, this.#fleet.connected);
      this.#onFleetChange(node, change);
    });
  }

  #onFleetChange(node: string, change: FleetChange): void {
    const standing = this.#app.store(NodeClocks).byIndex(byNode, node)[0];
    switch (change) {
      case "connected":
        // Interfaces and clocks decide about paths; the node's own handler then sends its orders.
        this.#replan();
        this.#app.trigger(Nodes, node);
        break;
      case "disconnected":
        if (this.#app.store(Nodes).get(node) === undefined) this.#fleet.forget(node);
        break;
      case "applied":
      case "report":
        break;
    }
    if (!standing) return;
    this.#app.trigger(NodeClocks, standing.metadata.name);
    this.#app.trigger(TimeDomains, standing.spec.domainRef.name);
    for (const { grandmasterRef } of [...(standing.spec.upstreams ?? []), ...(standing.spec.serves ?? [])])
      if (grandmasterRef) this.#app.trigger(Grandmasters, grandmasterRef.name);
  }

  #replan(): void {
    this.#plan.invalidate();
    this.#lookAgain();
  }

  #triggerPlanned(): void {
    for (const type of plannedTypes) for (const key of this.#app.store(type).keys()) this.#app.trigger(type, key);
  }

  async #start(client: KubeClient, signal: AbortSignal): Promise<void> {
    const { clocks, config, listening, log } = this.#options;
    this.#probes = await startProbeServer(config.httpAddress, this.#registry, this.#app.health);
    const identity = this.#identity;
    const certificates = await retryUntilDone("reading the hub's certificates", signal, log, () => identity.ensure(false));
    const { closed, rejected } = this.#instruments;
    const account = `system:serviceaccount:${config.namespace}:${config.agentServiceAccount}`;
    const hub = await startHubServer({
      address: config.hubAddress,
      certificates,
      authenticator: createAuthenticator(client, account, clocks.monotonic),
      fleet: this.#fleet,
      leadership: this.#leadership,
      reportIntervalMs: config.reportIntervalMs,
      log,
      now: clocks.monotonic,
      closed: (code) => closed.increment({ code: code || "left" }),
      rejected: (reason) => rejected.increment({ reason }),
    });
    this.#hub = hub;
    void followIdentity(
      {
        identity,
        leading: () => this.#leadership.epoch !== null,
        periodMs: Math.min(identityPeriodMs, config.hubKeyOverlapMs / 2),
        log,
        serving: certificates,
        replace: (replacement) => hub.replaceCertificates(replacement),
      },
      signal,
    );
    log.info({ hub: hub.port, http: this.#probes.port, endpoint: this.#endpoint() }, "hub listens");
    listening({ hub: hub.port, http: this.#probes.port });
  }

  /**
   * A term begins with what the cluster says: what this replica decided, counted or heard in an earlier one is history. Agents trust
   * what the leader publishes; nobody is judged absent before it had the time to come.
   */
  async #takeOver(signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    this.#fleet.begin();
    this.#plan.forget();
    this.#steps.clear();
    this.#budget.clear();
    const leave = (): void => {
      this.#budget.clear();
      this.#definition.forget();
    };
    signal.addEventListener("abort", leave, { once: true });
    await this.#definition.follow();
    await retryUntilDone("publishing the hub's authority", signal, log, () => this.#identity.ensure(true));
  }

  /** host:port that this replica announces to the others' agents; null: it has none of its own. */
  #endpoint(): string | null {
    const { hubAddress, hubEndpoint } = this.#options.config;
    if (hubEndpoint !== null) return hubEndpoint;
    const host = hubAddress.slice(0, hubAddress.lastIndexOf(":"));
    return this.#hub === null || host === "0.0.0.0" || host === "[::]" ? null : `${host}:${this.#hub.port}`;
  }

  #leaseAnnotations(): Record<string, string> {
    // Always written: what the last leader said must not stand there as ours.
    return { [endpointAnnotation]: this.#endpoint() ?? "", [definitionAnnotation]: this.#definition.known };
  }

  /** Agents keep time without us; they are told, so that they come back at once. */
  async #stop(): Promise<void> {
    await this.#hub?.close();
    await this.#probes?.close();
  }
}

interface Versioned {
  readonly metadata: { readonly generation?: number; readonly uid?: string; readonly deletionTimestamp?: string };
}

/** A status was written, by us: no news. */
function isNewGeneration({ metadata: now }: Versioned, { metadata: before }: Versioned): boolean {
  return now.generation !== before.generation || now.uid !== before.uid || now.deletionTimestamp !== before.deletionTimestamp;
}

/** Labels and addresses decide about membership and paths; a kubelet's heartbeat does not. */
function hasMoved(now: object, before: object): boolean {
  const essence = (node: object) => JSON.stringify({ ...node, metadata: { ...(node as Versioned).metadata, resourceVersion: "" } });
  return essence(now) !== essence(before);
}
