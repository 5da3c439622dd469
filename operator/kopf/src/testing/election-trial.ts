/**
 * Three replicas of an operator, each with a wrong clock of its own, over a network and in processes that fail at random, while
 * somebody deletes their Lease at any moment, also again and again: whether two ever lead at once. The same for the same seed.
 */
import type { CallOptions, KubeClient } from "../client/kube-client.js";
import type { Clock } from "../clock/clock.js";
import { ApiError } from "../errors.js";
import type { Elector } from "../leader/elector.js";
import { createLeaseElector } from "../leader/lease-elector.js";
import { createInstruments, noMetrics } from "../metrics/metrics.js";
import type { Lease } from "../leader/lease.js";
import { createFakeLeaseApi, type FakeLeaseApi, type Fate } from "./fake-lease-api.js";
import { createManualClock, type ManualClock } from "./manual-clock.js";
import { createRecordingLog } from "./recording-log.js";

/** Uniform in [0, 1), the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same, and `tell` hears of every Lease that its caller is given before it gives up. */
function overheard(client: KubeClient, tell: (lease: Lease) => void): KubeClient {
  const hear = async <R>(options: CallOptions | undefined, answer: Promise<R>): Promise<R> => {
    const lease = await answer;
    if (options?.signal?.aborted !== true) tell(lease as Lease);
    return lease;
  };
  return {
    ...client,
    get: (type, ref, options) => hear(options, client.get(type, ref, options)),
    create: (type, object, options) => hear(options, client.create(type, object, options)),
    patch: (type, ref, body, options) => hear(options, client.patch(type, ref, body, options)),
  };
}

const epochOf = (lease: Lease | undefined): number => lease?.spec?.leaseTransitions ?? 0;

/** A process with a clock of its own rate and a wrong date, that can be stopped and continued. */
function aProcess(api: FakeLeaseApi, clock: ManualClock, identity: string, random: () => number, faulty: () => boolean) {
  const rate = 0.995 + random() / 100;
  const offset = random() * 1e9;
  const wrongByMs = (random() - 0.5) * 1e12;
  let stopped = false;
  let unreachableUntil = 0;
  let held: (() => void)[] = [];
  const deliver = (callback: () => void): void => void (stopped ? held.push(callback) : callback());
  const own: Clock = {
    now: () => clock.now() * rate + offset,
    date: () => new Date(clock.date().getTime() + wrongByMs),
    setTimer(callback, delayMs) {
      let live = true;
      const cancel = clock.setTimer(() => deliver(() => live && callback()), delayMs / rate);
      return () => {
        live = false;
        cancel();
      };
    },
  };
  const fate = (): Fate => {
    if (!faulty()) return { arrivesAfterMs: random() * 50, answersAfterMs: random() * 50 };
    if (clock.now() < unreachableUntil) return { arrivesAfterMs: Number.POSITIVE_INFINITY, answersAfterMs: 0 };
    const luck = random();
    if (luck < 0.05) return { arrivesAfterMs: random() * 30_000, answersAfterMs: Number.POSITIVE_INFINITY };
    if (luck < 0.1) return { arrivesAfterMs: random() * 30_000, answersAfterMs: random() * 10_000 };
    if (luck < 0.2) return { arrivesAfterMs: 10, answersAfterMs: 10, refusal: new ApiError("later", { status: 503, reason: "" }) };
    return { arrivesAfterMs: random() * 1_000, answersAfterMs: random() * 1_000 };
  };
  let saw: number | undefined;
  const hear = (lease: Lease): void => {
    saw = Math.max(saw ?? 0, epochOf(lease));
  };
  const elector: Elector = createLeaseElector({
    election: { namespace: "ns", name: "l", identity },
    client: overheard(api.clientFor(clock, fate, deliver), hear),
    clock: own,
    random,
    log: createRecordingLog(),
    instruments: createInstruments(noMetrics()),
  });
  return {
    elector,
    /** Highest epoch that it was told of; undefined: it has never seen the Lease. */
    get saw() {
      return saw;
    },
    /** As the world sees it: it acts, and believes that it may. */
    get acts() {
      return !stopped && elector.leadership.term?.signal.aborted === false;
    },
    misfortune() {
      const luck = random();
      if (luck < 0.3) stopped = true;
      else if (luck < 0.6) unreachableUntil = clock.now() + random() * 40_000;
    },
    recover() {
      if (!stopped) return;
      stopped = false;
      // What became due meanwhile runs in any order: answers need not come after timers.
      const due = held.sort(() => random() - 0.5);
      held = [];
      for (const callback of due) callback();
    },
  };
}

/** What went wrong in four minutes of trouble and two of peace, in sentences; empty: nothing. */
export async function tryElection(seed: number): Promise<string[]> {
  const random = randomFrom(seed);
  const clock = createManualClock();
  const api = createFakeLeaseApi();
  // Sometimes the deletions are the only trouble: with a bad network most leaders give up before those matter.
  let trouble = random() < 0.6;
  const names = ["a", "b", "c"];
  const processes = names.map((name) => aProcess(api, clock, name, random, () => trouble));
  const epochs: { readonly epoch: number; readonly by: number; readonly version: number }[] = [];
  const problems: string[] = [];
  /** Each time that a Lease was deleted whose epoch somebody did not know, how many versions there had been. */
  const forgotten: number[] = [];
  const acting = (): number => processes.filter((process) => process.acts).length;
  const lookForTwo = (when: string): void => {
    if (acting() > 1) problems.push(`${acting()} leaders ${when}, at ${clock.now()} ms`);
  };
  for (const [by, { elector }] of processes.entries()) {
    let term = elector.leadership.term;
    elector.leadership.subscribe(() => {
      if (elector.leadership.term === term) return;
      term = elector.leadership.term;
      if (term === null) return;
      lookForTwo("at the beginning of a term");
      const { epoch } = term;
      const version = api.versions.findLastIndex((lease) => lease.spec?.holderIdentity === names[by] && epochOf(lease) === epoch);
      epochs.push({ epoch, by, version });
    });
    elector.start();
  }

  const deletesCarefully = random() < 0.3;
  let deletesUntil = Number.NEGATIVE_INFINITY;
  const maybeDelete = (): void => {
    // Whoever has never seen it may take a deletion for the first installation: the elector's header says so.
    if (api.lease === undefined || processes.some(({ saw }) => saw === undefined)) return;
    const highest = Math.max(...api.versions.map(epochOf));
    const known = processes.every(({ saw = 0 }) => saw === highest);
    if (deletesCarefully ? !known || random() >= 0.005 : clock.now() >= deletesUntil && random() >= 0.005) return;
    if (!deletesCarefully && clock.now() >= deletesUntil && random() < 0.3) deletesUntil = clock.now() + random() * 40_000;
    if (clock.now() < deletesUntil && random() < 0.3) return; // not each time: what is created may stand for a look or a renewal
    if (!known) forgotten.push(api.versions.length);
    api.lease = undefined;
  };
  for (let second = 0; second < 240; second++) {
    if (trouble && second % 5 === 0) for (const process of processes) process[random() < 0.5 ? "misfortune" : "recover"]();
    for (let step = 0; step < 4; step++) {
      maybeDelete();
      await clock.advance(250);
      lookForTwo("in the trouble");
    }
  }
  trouble = false;
  for (const process of processes) process.recover();
  await clock.advance(90_000); // the last requests of the bad network, half a lease duration without a Lease, and one with it
  if (acting() !== 1) problems.push(`${acting()} leaders at last`);
  const terms = epochs.length;
  await clock.advance(60_000);
  if (epochs.length !== terms) problems.push("a good network changed the leader");
  // Those of two processes may be the same, or go back, only if one was forgotten in between.
  const forgottenBefore = (version: number): number => forgotten.filter((at) => at <= version).length;
  for (const [index, later] of epochs.entries())
    for (const earlier of epochs.slice(0, index))
      if (later.epoch <= earlier.epoch && (later.by === earlier.by || forgottenBefore(later.version) === forgottenBefore(earlier.version)))
        problems.push(`epoch ${later.epoch} after ${earlier.epoch}`);
  for (const [index, lease] of api.versions.entries()) {
    const before = api.versions[index - 1];
    if (before?.metadata.uid === lease.metadata.uid && epochOf(lease) < epochOf(before)) problems.push("an epoch went down in one Lease");
    if (forgotten.length === 0 && epochOf(lease) < epochOf(before)) problems.push("an epoch went down from one Lease to the next");
  }
  if (terms === 0) problems.push("nobody ever led");
  for (const { elector } of processes) void elector.stop({ release: false });
  return problems;
}
