/**
 * Three replicas of an operator, each with a wrong clock of its own, over a network and in processes that fail at random: whether
 * two ever lead at once. The same for the same seed.
 */
import type { Clock } from "../clock/clock.js";
import { ApiError } from "../errors.js";
import type { Elector } from "../leader/elector.js";
import { createLeaseElector } from "../leader/lease-elector.js";
import { createInstruments, noMetrics } from "../metrics/metrics.js";
import { createFakeLeaseApi, type FakeLeaseApi, type Fate, firstUid } from "./fake-lease-api.js";
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
  const elector: Elector = createLeaseElector({
    election: {
      namespace: "ns",
      name: "l",
      identity,
      annotations: () => ({ epoch: String(elector.leadership.term?.epoch ?? "new") }),
    },
    client: api.clientFor(clock, fate, deliver),
    clock: own,
    random,
    log: createRecordingLog(),
    instruments: createInstruments(noMetrics()),
  });
  return {
    elector,
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

/** As the default. */
const leaseDurationMs = 15_000;

/** What went wrong in four minutes of trouble and two of peace, in sentences; empty: nothing. */
export async function tryElection(seed: number): Promise<string[]> {
  const random = randomFrom(seed);
  const clock = createManualClock();
  const api = createFakeLeaseApi();
  let trouble = true;
  const processes = ["a", "b", "c"].map((name) => aProcess(api, clock, name, random, () => trouble));
  const epochs: number[] = [];
  const problems: string[] = [];
  const acting = (): number => processes.filter((process) => process.acts).length;
  const lookForTwo = (when: string): void => {
    if (acting() > 1) problems.push(`${acting()} leaders ${when}, at ${clock.now()} ms`);
  };
  for (const { elector } of processes) {
    let term = elector.leadership.term;
    elector.leadership.subscribe(() => {
      if (elector.leadership.term === term) return;
      term = elector.leadership.term;
      if (term === null) return;
      lookForTwo("at the beginning of a term");
      epochs.push(term.epoch);
    });
    elector.start();
  }

  let standing: { readonly uid: string | undefined; readonly since: number } = { uid: undefined, since: 0 };
  for (let second = 0; second < 240; second++) {
    if (second % 5 === 0) for (const process of processes) process[random() < 0.5 ? "misfortune" : "recover"]();
    // Once all have seen this term: who has not cannot know which epoch comes next; raiseEpoch() is for that.
    const epoch = api.lease?.metadata.annotations?.["epoch"];
    const known = epoch !== "new" && processes.every(({ elector }) => elector.leadership.annotations["epoch"] === epoch);
    const uid = api.lease?.metadata.uid;
    if (standing.uid !== uid) standing = { uid, since: clock.now() };
    // One that was deleted before is left alone for two lease durations: the elector's header says why.
    const settled = uid === firstUid || clock.now() - standing.since >= 2 * leaseDurationMs;
    if (random() < 0.01 && known && settled) api.lease = undefined;
    for (let step = 0; step < 4; step++) {
      await clock.advance(250);
      lookForTwo("in the trouble");
    }
  }
  trouble = false;
  for (const process of processes) process.recover();
  await clock.advance(60_000); // the last requests of the bad network, and one lease duration
  if (acting() !== 1) problems.push(`${acting()} leaders at last`);
  const terms = epochs.length;
  await clock.advance(60_000);
  if (epochs.length !== terms) problems.push("a good network changed the leader");
  if (epochs.some((epoch, index) => index > 0 && epoch <= (epochs[index - 1] ?? 0))) problems.push(`epochs do not grow: ${epochs.join()}`);
  if (terms === 0) problems.push("nobody ever led");
  for (const { elector } of processes) void elector.stop({ release: false });
  return problems;
}
