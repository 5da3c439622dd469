/**
 * The demo's story, told by claims: synchronized soon, never beyond the bound, accurate after a minute, unmoved by the loss of
 * a grandmaster, honest when the objective is beyond what the lab can do.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { labError } from "../lab/errors.js";
import { repositoryRoot } from "../lab/repository.js";
import type { Claims } from "./claims.js";
import { type DomainView, type NodeView, readDomain, readNodes } from "./cluster-view.js";
import { formatNanoseconds, type Screen } from "./screen.js";
import type { Verdict } from "./sampler.js";
import { readMemory } from "../lab/process-usage.js";
import { type World, workers } from "./world.js";

const samplePeriodMs = 100;
/** Share of the samples that a busy machine must still have taken. */
const leastSampled = 0.8;
const lockLimitSeconds = 45;
/** The p99 is taken this long after a worker's own lock, over the window that follows. */
const settleSeconds = 60;
const windowSeconds = 15;
const accuracyLimitNs = 10_000;
const accuracyTargetNs = 1_000;
const afterLossSeconds = 12;
const followPeerSeconds = 15;
const agentLimitMb = 70;
const operatorLimitMb = 120;

export class Story {
  readonly #world: World;
  readonly #screen: Screen;
  readonly #claims: Claims;
  #views: readonly NodeView[] = [];
  /** Worker → ms of the referee's clock at which the cluster said that it is synchronized. */
  readonly #lockedAt = new Map<string, number>();
  #ended = false;
  #startedAt = 0;

  constructor(world: World, screen: Screen, claims: Claims) {
    this.#world = world;
    this.#screen = screen;
    this.#claims = claims;
  }

  async tell(): Promise<void> {
    this.#startedAt = performance.now();
    const background = [this.#sample(), this.#watch()];
    try {
      await this.#lock();
      await this.#settle();
      await this.#loseGrandmaster("gm-a", "gm-b");
      await this.#changeObjective();
      if (this.#world.peer) await this.#followPeer();
      this.#judge();
    } finally {
      this.#ended = true;
      await Promise.allSettled(background);
    }
  }

  /** 10 Hz, as exactly as a timer allows; a late sample is taken, never skipped. */
  async #sample(): Promise<void> {
    for (let next = performance.now(); !this.#ended; next += samplePeriodMs) {
      await sleep(Math.max(0, next - performance.now()));
      for (const sampler of this.#world.samplers) sampler.take(performance.now());
    }
  }

  async #watch(): Promise<void> {
    while (!this.#ended) {
      try {
        this.#views = await readNodes(this.#world.plane.kubectl);
      } catch {
        // The API server may be busy for a moment; the next look is a second away.
      }
      for (const { node, synchronized } of this.#views) {
        if (synchronized && !this.#lockedAt.has(node)) this.#lockedAt.set(node, performance.now());
      }
      this.#show();
      await sleep(1000);
    }
  }

  #show(): void {
    const rows = this.#views.map((view) => ({ view, sample: this.#world.samplers.find(({ node }) => node === view.node)?.latest ?? null }));
    if (rows.length > 0) this.#screen.rows(rows);
  }

  async #apply(file: string): Promise<void> {
    this.#screen.say(`kubectl apply -f test/demo/${file}`);
    await this.#world.plane.kubectl.run(["apply", "--server-side", "--force-conflicts", "-f", join(repositoryRoot(), "test/demo", file)]);
  }

  async #lock(): Promise<void> {
    const applied = performance.now();
    await this.#apply("time.yaml");
    if (this.#world.peer) await this.#apply("time-with-peer.yaml");
    await this.#until("every worker is synchronized", 2 * lockLimitSeconds, () => workers.every((node) => this.#lockedAt.has(node)));
    const seconds = workers.map((node) => ((this.#lockedAt.get(node) ?? Number.POSITIVE_INFINITY) - applied) / 1000);
    const slowest = Math.max(...seconds);
    this.#claims.check(
      `every worker synchronized within ${String(lockLimitSeconds)} s of the apply`,
      slowest <= lockLimitSeconds,
      seconds.map((value) => `${value.toFixed(1)} s`).join(", "),
    );
  }

  async #settle(): Promise<void> {
    const last = Math.max(...this.#lockedAt.values());
    await sleep(Math.max(0, last + (settleSeconds + windowSeconds) * 1000 - performance.now()));
    const figures = this.#world.samplers.map((sampler) => {
      const from = (this.#lockedAt.get(sampler.node) ?? 0) + settleSeconds * 1000;
      return sampler.percentile99(from, from + windowSeconds * 1000);
    });
    const worst = Math.max(...figures);
    const text = figures.map((figure, index) => `${workers[index] ?? ""} ${formatNanoseconds(figure)}`).join(", ");
    this.#claims.check(
      `p99 of |true error| ${String(settleSeconds)} s after lock within ${formatNanoseconds(accuracyLimitNs)}`,
      worst <= accuracyLimitNs,
      `${text} (target ${formatNanoseconds(accuracyTargetNs)})`,
    );
    this.#claimMemory();
  }

  #claimMemory(): void {
    const agents = [...this.#world.agents.values()].map(({ pid }) => readMemory(pid).resident);
    const worst = Math.max(...agents);
    this.#claims.check(
      `agents within ${String(agentLimitMb)} MB resident`,
      worst <= agentLimitMb,
      agents.map((value) => value.toFixed(0)).join(", "),
    );
    const operator = readMemory(this.#world.operator.process.pid).resident;
    this.#claims.check(`operator within ${String(operatorLimitMb)} MB resident`, operator <= operatorLimitMb, operator.toFixed(0));
  }

  async #loseGrandmaster(lost: string, next: string): Promise<void> {
    this.#screen.say(`kill -9 the agent of ${lost}`);
    await this.#world.agents.get(lost)?.kill();
    const killed = performance.now();
    const followed = () => workers.every((node) => this.#views.find((view) => view.node === node)?.upstream === next);
    await this.#until(`every worker follows ${next}`, 3 * afterLossSeconds, followed);
    this.#claims.check(
      `every worker follows ${next} after the loss of ${lost}`,
      followed(),
      `${((performance.now() - killed) / 1000).toFixed(1)} s`,
    );
    await sleep(Math.max(0, killed + afterLossSeconds * 1000 - performance.now()));
    const verdicts = this.#world.samplers.map((sampler) => sampler.judge(killed, performance.now()));
    this.#checkSampling(verdicts, performance.now() - killed);
    const beyond = verdicts.reduce(
      (sum, { calibratedViolations, guaranteedViolations }) => sum + calibratedViolations + guaranteedViolations,
      0,
    );
    const steps = verdicts.reduce((sum, verdict) => sum + verdict.steps, 0);
    this.#claims.check(
      `the loss of ${lost} moves no worker beyond its bound and steps none`,
      beyond === 0 && steps === 0,
      `${String(beyond)} samples beyond, ${String(steps)} steps`,
    );
  }

  /** 1 µs is beyond kernel time stamps, and the domain must say so; then back. */
  async #changeObjective(): Promise<void> {
    const change = async (maxErrorNanoseconds: number): Promise<void> => {
      const patch = JSON.stringify({ spec: { objective: { maxErrorNanoseconds } } });
      this.#screen.say(`kubectl patch timedomain demo --type=merge -p '${patch}'`);
      await this.#world.plane.kubectl.run(["patch", "timedomain", "demo", "--type=merge", "-p", patch]);
    };
    await change(100);
    const tight = await this.#untilDomain(
      "the domain says that 100 ns is not met",
      ({ synchronized, reason }) => !synchronized && reason === "BoundExceedsObjective",
    );
    this.#claims.check("an objective beyond the lab is reported as not met", tight.reason === "BoundExceedsObjective", tight.message);
    await change(100_000);
    const wide = await this.#untilDomain("the domain is synchronized again", ({ synchronized }) => synchronized);
    this.#claims.check("the old objective is met again", wide.synchronized, wide.message);
  }

  async #followPeer(): Promise<void> {
    const domain = await this.#untilDomain("ptp4l is measured", ({ sources }) => sources.get("peer") === "Healthy");
    this.#claims.check(
      "ptp4l is measured all along and healthy",
      domain.sources.get("peer") === "Healthy",
      domain.sources.get("peer") ?? "absent",
    );
    await this.#loseGrandmaster("gm-b", "peer");
    const from = performance.now();
    await sleep(followPeerSeconds * 1000);
    const verdicts = this.#world.samplers.map((sampler) => sampler.judge(from, performance.now()));
    const beyond = verdicts.reduce(
      (sum, { calibratedViolations, guaranteedViolations, voidSamples }) => sum + calibratedViolations + guaranteedViolations + voidSamples,
      0,
    );
    const errors = this.#world.samplers.map((sampler) => sampler.percentile99(from, performance.now()));
    this.#claims.check(
      "following ptp4l, every worker stays within its bounds",
      beyond === 0,
      `p99 |true error| ${errors.map(formatNanoseconds).join(", ")}`,
    );
  }

  /** A referee that does not look sees no violation. @param spanMs that was to be sampled */
  #checkSampling(verdicts: readonly Verdict[], spanMs: number): void {
    const wanted = (spanMs / samplePeriodMs) * leastSampled;
    const sampled = verdicts.every(({ samples, unread }) => samples >= wanted && unread === 0);
    if (sampled) return;
    const counts = verdicts.map(({ samples, unread }) => `${String(samples)} (${String(unread)} unread)`).join(", ");
    this.#claims.check("every clock was read ten times a second", false, `${counts} of ${wanted.toFixed(0)}`);
  }

  /** Over the whole run, from the first sample on. */
  #judge(): void {
    const now = performance.now();
    const whole = this.#world.samplers.map((sampler) => sampler.judge(0, now));
    const sum = (of: (verdict: (typeof whole)[number]) => number) => whole.reduce((total, verdict) => total + of(verdict), 0);
    const samples = sum(({ samples: count }) => count);
    this.#checkSampling(whole, now - this.#startedAt);
    this.#claims.check(
      "no sample beyond its calibrated bound",
      sum(({ calibratedViolations }) => calibratedViolations) === 0,
      `${String(samples)} samples, closest to the bound ${(100 * Math.max(...whole.map(({ worstShare }) => worstShare))).toFixed(0)} %`,
    );
    this.#claims.check(
      "no sample beyond its guaranteed bound",
      sum(({ guaranteedViolations }) => guaranteedViolations) === 0,
      `${String(samples)} samples`,
    );
    const voidAfterLock = this.#world.samplers.map((sampler) => sampler.judge(this.#lockedAt.get(sampler.node) ?? 0, now));
    const voids = voidAfterLock.reduce((total, { voidSamples }) => total + voidSamples, 0);
    const steps = voidAfterLock.reduce((total, verdict) => total + verdict.steps, 0);
    this.#claims.check(
      "no bound void after lock",
      voids === 0,
      `${String(voids)} void, ${String(sum(({ voidSamples }) => voidSamples))} before lock`,
    );
    this.#claims.check("no clock stepped after lock", steps === 0, `${String(steps)} steps`);
    const casualties = this.#world.casualties.map(({ name, outcome }) => `${name}: ${outcome ?? ""}`);
    this.#claims.check("no process ended by itself", casualties.length === 0, casualties.join(", ") || "none");
  }

  async #until(what: string, seconds: number, holds: () => boolean): Promise<void> {
    const end = performance.now() + seconds * 1000;
    while (!holds()) {
      const dead = this.#world.casualties[0];
      if (dead) throw labError("MER_LAB_PROCESS_FAILED", `${dead.name} ended (${dead.outcome ?? ""})\n${dead.tail()}`);
      if (performance.now() > end) {
        const messages = this.#views.map(({ node, state, message }) => `${node}: ${state} ${message}`).join("\n");
        throw labError("MER_LAB_TIMEOUT", `waited ${String(seconds)} s until ${what}\n${messages}`);
      }
      await sleep(100);
    }
  }

  async #untilDomain(what: string, holds: (domain: DomainView) => boolean): Promise<DomainView> {
    const end = performance.now() + 30_000;
    for (;;) {
      const domain = await readDomain(this.#world.plane.kubectl);
      if (holds(domain)) return domain;
      if (performance.now() > end)
        throw labError("MER_LAB_TIMEOUT", `waited 30 s until ${what}; it says ${domain.reason}: ${domain.message}`);
      await sleep(500);
    }
  }
}
