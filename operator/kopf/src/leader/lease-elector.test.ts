import { describe, expect, it } from "vitest";
import type { KubeClient } from "../client/kube-client.js";
import { ApiError } from "../errors.js";
import { createInstruments } from "../metrics/metrics.js";
import { createFakeLeaseApi, type FakeLeaseApi, type Fate, promptly } from "../testing/fake-lease-api.js";
import { createManualClock, type ManualClock } from "../testing/manual-clock.js";
import { createRecordingLog } from "../testing/recording-log.js";
import { createRecordingMetrics } from "../testing/recording-metrics.js";
import type { LeaderElectionOptions } from "./leadership.js";
import { createLeaseElector } from "./lease-elector.js";

const never: Fate = { arrivesAfterMs: Number.POSITIVE_INFINITY, answersAfterMs: 0 };

function aReplica(api: FakeLeaseApi, clock: ManualClock, identity: string, options: Partial<LeaderElectionOptions> = {}) {
  const log = createRecordingLog();
  const metrics = createRecordingMetrics();
  const network = { fate: promptly };
  const client: KubeClient = api.clientFor(clock, () => network.fate);
  const elector = createLeaseElector({
    election: { namespace: "ns", name: "l", identity, ...options },
    client,
    clock,
    random: () => 0.5,
    log,
    instruments: createInstruments(metrics),
  });
  const epoch = (): number | undefined => elector.leadership.term?.epoch;
  const said = (): string[] => log.lines.map(({ message }) => message);
  return { elector, epoch, log, metrics, network, said };
}

function aCluster() {
  return { api: createFakeLeaseApi(), clock: createManualClock() };
}

describe("a replica and its lease", () => {
  it("leads with epoch 1 when there is no lease, and writes it with its duration and annotations", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a", { annotations: () => ({ endpoint: "a:1" }) });
    a.elector.start();
    await clock.advance(10);
    expect(a.epoch()).toBe(1);
    expect(a.elector.leadership).toMatchObject({ holder: "a", annotations: { endpoint: "a:1" } });
    expect(api.lease?.spec).toMatchObject({ holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 1 });
    expect(a.metrics.value("leader_election_master_status", { name: "l" })).toBe(1);
    expect(a.said()).toEqual(["leads"]);
  });

  it("renews with one request per period, and says nothing about it", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a");
    a.elector.start();
    await clock.advance(60_000);
    expect(a.epoch()).toBe(1);
    expect(api.executed.filter((verb) => verb === "GET")).toHaveLength(1);
    expect(api.executed.length).toBeLessThan(32);
    expect(a.said()).toEqual(["leads"]);
  });

  it.each([
    ["from 1970", "1970-01-01T00:00:00.000000Z"],
    ["from the far future", "9999-01-01T00:00:00.000000Z"],
  ])("waits for as long as the record says since it saw it, also when its date is %s", async (_sentence, renewTime) => {
    const { api, clock } = aCluster();
    api.put({ holderIdentity: "dead", leaseDurationSeconds: 30, renewTime, leaseTransitions: 7 });
    const a = aReplica(api, clock, "a");
    a.elector.start();
    await clock.advance(29_900);
    expect(a.elector.leadership).toMatchObject({ term: null, holder: "dead" });
    await clock.advance(1_000);
    expect(a.epoch()).toBe(8);
    expect(api.lease?.spec?.leaseTransitions).toBe(8);
  });

  it("is seen to live although its wall clock stands still beyond what a Lease can hold", async () => {
    const { api, clock } = aCluster();
    const broken = { ...clock, date: () => new Date(8.64e15) };
    const a = aReplica(api, broken, "a");
    const b = aReplica(api, clock, "b");
    a.elector.start();
    await clock.advance(10);
    b.elector.start();
    await clock.advance(120_000);
    expect([a.epoch(), b.epoch()]).toEqual([1, undefined]);
  });

  it("takes annotations by others for no sign of life of the holder", async () => {
    const { api, clock } = aCluster();
    api.put({ holderIdentity: "dead", leaseDurationSeconds: 15 });
    const a = aReplica(api, clock, "a");
    a.elector.start();
    for (let second = 0; second < 17; second++) {
      if (api.lease?.spec?.holderIdentity === "dead") api.put(api.lease.spec, { touched: String(second) });
      await clock.advance(1_000);
    }
    expect(a.epoch()).toBe(1); // leaseTransitions absent counts as 0
    expect(api.lease?.metadata.annotations).toHaveProperty("touched");
  });

  it("gives the lease back when it stops, and the other leads within about one period", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a", { annotations: () => ({ endpoint: "a:1" }) });
    const b = aReplica(api, clock, "b");
    a.elector.start();
    await clock.advance(10);
    b.elector.start();
    await clock.advance(10_000);
    expect(b.elector.leadership).toMatchObject({ term: null, holder: "a", annotations: { endpoint: "a:1" } });
    const { signal } = a.elector.leadership.term ?? {};
    const stopped = a.elector.stop({ release: true });
    expect(signal?.aborted).toBe(true);
    await clock.advance(50);
    await stopped;
    expect(api.lease?.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
    expect(api.lease?.metadata.annotations).toEqual({});
    await clock.advance(2_500);
    expect(b.epoch()).toBe(2);
  });

  it("stops leading before another may begin when the API server stalls, and leads again once it answers", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a");
    const b = aReplica(api, clock, "b");
    a.elector.start();
    await clock.advance(10);
    b.elector.start();
    await clock.advance(10_000);
    const term = a.elector.leadership.term;
    a.network.fate = never;
    await clock.advance(10_000);
    expect([a.epoch(), term?.signal.aborted, b.epoch()]).toEqual([undefined, true, undefined]);
    expect(term?.signal.reason).toMatchObject({ code: "KOPF_TERM_ENDED" });
    expect(a.metrics.value("leader_election_master_status", { name: "l" })).toBe(0);
    await clock.advance(8_000);
    expect(b.epoch()).toBe(2);
    a.network.fate = promptly;
    await clock.advance(10_000);
    expect(a.elector.leadership).toMatchObject({ term: null, holder: "b" });
    await b.elector.stop({ release: false });
    await clock.advance(20_000);
    expect(a.epoch()).toBe(3);
    expect(a.said()).toEqual([
      "leads",
      "the lease cannot be read or written",
      "leads no longer",
      "the lease has another holder",
      "the lease can be read and written again",
      "leads",
    ]);
  });

  it("survives one attempt that stalls, because it leaves time for another", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a");
    a.elector.start();
    await clock.advance(10);
    a.network.fate = never;
    await clock.advance(5_000);
    a.network.fate = promptly;
    await clock.advance(60_000);
    expect(a.epoch()).toBe(1);
  });

  it("has an epoch of its own for every term, also after nobody else led", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a");
    a.elector.start();
    await clock.advance(10);
    a.network.fate = never;
    await clock.advance(20_000);
    expect(a.epoch()).toBeUndefined();
    a.network.fate = promptly;
    await clock.advance(10_000);
    expect(a.epoch()).toBe(2);
  });

  it.each(["confirm", "term"])("ends its term on waking after its process was stopped, as soon as anybody asks (%s)", async (ask) => {
    const { api, clock } = aCluster();
    let asleepMs = 0;
    const sleeper = { ...clock, now: () => clock.now() + asleepMs };
    const a = aReplica(api, sleeper, "a");
    a.elector.start();
    await clock.advance(10);
    const term = a.elector.leadership.term;
    expect(a.elector.confirm()).toBe(true);
    asleepMs = 20_000;
    expect(term?.signal.aborted).toBe(false);
    if (ask === "confirm") expect(a.elector.confirm()).toBe(false);
    expect([a.epoch(), term?.signal.aborted]).toEqual([undefined, true]);
  });

  it("does not count a renewal whose answer it read only after its process was stopped", async () => {
    const { api, clock } = aCluster();
    let asleepMs = 0;
    const a = aReplica(api, { ...clock, now: () => clock.now() + asleepMs }, "a");
    a.elector.start();
    await clock.advance(1_000);
    a.network.fate = { arrivesAfterMs: 1, answersAfterMs: 2_000 };
    await clock.advance(2_000); // the renewal is under way, and on the server
    expect(api.executed.at(-1)).toBe("PATCH");
    asleepMs = 20_000;
    await clock.advance(2_000);
    expect(a.said()).toEqual(["leads", "leads no longer"]);
    expect(a.epoch()).toBeUndefined();
  });

  it("creates a lease that was deleted under it anew, with its own epoch, while a candidate waits for that", async () => {
    const { api, clock } = aCluster();
    api.put({ holderIdentity: "", leaseTransitions: 4 });
    const a = aReplica(api, clock, "a");
    const b = aReplica(api, clock, "b");
    a.elector.start();
    await clock.advance(10);
    b.elector.start();
    await clock.advance(5_000);
    const term = a.elector.leadership.term;
    api.lease = undefined;
    await clock.advance(3_000);
    expect(a.elector.leadership.term).toBe(term);
    expect(api.lease).toMatchObject({ spec: { holderIdentity: "a", leaseTransitions: 5 } });
    expect(b.epoch()).toBeUndefined();
  });

  it.each(["waits", "stops"])(
    "that finds its own request of long ago to have created the deleted lease under the leader %s",
    async (what) => {
      const { api, clock } = aCluster();
      api.put({ holderIdentity: "dead", leaseDurationSeconds: 1 });
      const [b, c] = [aReplica(api, clock, "b"), aReplica(api, clock, "c")];
      b.elector.start();
      await clock.advance(10);
      api.lease = undefined;
      await clock.advance(8_850); // it has seen for almost long enough that there is none
      const looks = api.executed.length;
      while (api.executed.length === looks) await clock.advance(1);
      b.network.fate = { arrivesAfterMs: 20_000, answersAfterMs: Number.POSITIVE_INFINITY };
      await clock.advance(5); // its POST is under way, for long
      b.network.fate = promptly;
      c.elector.start();
      await clock.advance(15_000);
      expect(api.executed.filter((verb) => verb === "POST")).toHaveLength(1);
      expect([b.elector.leadership.holder, c.epoch()]).toEqual(["c", 1]);
      c.network.fate = never;
      api.lease = undefined;
      await clock.advance(7_000);
      expect([api.lease, c.epoch()]).toMatchObject([{ spec: { holderIdentity: "b" } }, 1]);
      expect([b.elector.leadership.holder, b.epoch()]).toEqual(["b", undefined]);
      if (what === "stops") {
        const stopped = b.elector.stop({ release: true });
        await clock.advance(10);
        await stopped;
        expect(api.lease).toMatchObject({ spec: { holderIdentity: "b" } }); // nobody may take it for free
      } else {
        await clock.advance(20_000);
        expect([c.epoch(), b.epoch()]).toEqual([undefined, 2]);
      }
      await c.elector.stop({ release: false });
    },
  );

  it("has lost when another created the deleted lease first", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a");
    a.elector.start();
    await clock.advance(10);
    api.put({ holderIdentity: "b", leaseDurationSeconds: 15, leaseTransitions: 1 });
    await clock.advance(3_000);
    expect(a.elector.leadership).toMatchObject({ term: null, holder: "b" });
  });

  it("never goes back behind an epoch that it has seen, also when the lease is restored from a backup", async () => {
    const { api, clock } = aCluster();
    api.put({ holderIdentity: "", leaseTransitions: 40 });
    const a = aReplica(api, clock, "a");
    a.elector.start();
    await clock.advance(10);
    expect(a.epoch()).toBe(41);
    api.put({ holderIdentity: "long dead", leaseDurationSeconds: 15, leaseTransitions: 3 });
    await clock.advance(20_000);
    expect(a.epoch()).toBe(42);
  });

  it("raises its epoch on demand, for the term that is running", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a");
    expect(await a.elector.leadership.raiseEpoch(5)).toBe(false);
    a.elector.start();
    await clock.advance(10);
    const term = a.elector.leadership.term;
    const raised = a.elector.leadership.raiseEpoch(9);
    await clock.advance(10);
    expect(await raised).toBe(true);
    expect([a.elector.leadership.term, term?.epoch, api.lease?.spec?.leaseTransitions]).toEqual([term, 9, 9]);
    expect(await a.elector.leadership.raiseEpoch(3)).toBe(true);
    expect(await a.elector.leadership.raiseEpoch(2 ** 31)).toBe(false);
    await clock.advance(30_000);
    expect(api.lease?.spec?.leaseTransitions).toBe(9);
    a.network.fate = { ...promptly, refusal: new ApiError("no", { status: 403, reason: "Forbidden" }) };
    const refused = a.elector.leadership.raiseEpoch(10);
    await clock.advance(10);
    expect([await refused, term?.epoch]).toEqual([false, 9]);
  });

  it("stands aside for one lease duration after it resigned", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a");
    a.elector.start();
    await clock.advance(10);
    a.elector.resign("cannot");
    await clock.advance(100);
    expect(api.lease?.spec?.holderIdentity).toBe("");
    await clock.advance(14_000);
    expect(a.epoch()).toBeUndefined();
    await clock.advance(4_000);
    expect(a.epoch()).toBe(2);
  });

  it("says once that it may not, and goes on trying", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a");
    a.network.fate = { ...promptly, refusal: new ApiError("no", { status: 403, reason: "Forbidden" }) };
    a.elector.start();
    await clock.advance(30_000);
    expect(a.log.lines.map(({ fields }) => fields["code"])).toEqual(["KOPF_API_FORBIDDEN"]);
    a.network.fate = promptly;
    await clock.advance(3_000);
    expect(a.epoch()).toBe(1);
  });

  it.each<[string, Partial<LeaderElectionOptions>]>([
    ["two could lead", { renewDeadlineMs: 15_000 }],
    ["one missed renewal would end a term", { retryPeriodMs: 9_000 }],
    ["everybody would be the same", { identity: "" }],
  ])("is refused with times or names with which %s", (_sentence, options) => {
    const { api, clock } = aCluster();
    expect(() => aReplica(api, clock, "a", options)).toThrow(expect.objectContaining({ code: "KOPF_CONFIG_INVALID" }));
  });

  it("leaves no timer behind", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a");
    a.elector.start();
    await clock.advance(10);
    const stopped = a.elector.stop({ release: true });
    await clock.advance(10);
    await stopped;
    expect(clock.pending).toBe(0);
  });
});

/** How many lead at once at most, and which epochs the Lease had, while it is deleted each 150 ms for `ms`. */
async function deleteAgainAndAgain(api: FakeLeaseApi, clock: ManualClock, replicas: readonly ReturnType<typeof aReplica>[], ms: number) {
  const epochs: number[] = [];
  let most = 0;
  for (let passed = 0; passed < ms; passed += 150) {
    if (api.lease !== undefined) epochs.push(api.lease.spec?.leaseTransitions ?? 0);
    api.lease = undefined;
    await clock.advance(150);
    most = Math.max(most, replicas.filter((replica) => replica.epoch() !== undefined).length);
  }
  return { most, epochs };
}

describe("a lease that is deleted again and again", () => {
  it("has never two leaders, no epoch that goes down, and one leader soon after", async () => {
    const { api, clock } = aCluster();
    const replicas = [aReplica(api, clock, "a"), aReplica(api, clock, "b"), aReplica(api, clock, "c")];
    for (const { elector } of replicas) {
      elector.start();
      await clock.advance(730);
    }
    await clock.advance(10_000);
    expect(replicas.map(({ epoch }) => epoch())).toEqual([1, undefined, undefined]);
    const { epochs, most } = await deleteAgainAndAgain(api, clock, replicas, 60_000);
    expect(most).toBe(1);
    expect(epochs).toEqual([...epochs].sort((x, y) => x - y));
    await clock.advance(30_000);
    expect(replicas.map(({ epoch }) => epoch()).filter((epoch) => epoch !== undefined)).toEqual([2]);
    expect(api.lease?.spec?.leaseTransitions).toBe(2);
  });

  it("ends the term of its leader after the deadline", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a");
    a.elector.start();
    await clock.advance(10_000);
    const term = a.elector.leadership.term;
    await deleteAgainAndAgain(api, clock, [a], 10_050);
    expect([term?.signal.aborted, a.epoch()]).toEqual([true, undefined]);
  });

  it("begins no term of a candidate before the lease that it created has stood for one duration", async () => {
    const { api, clock } = aCluster();
    api.put({ holderIdentity: "dead", leaseDurationSeconds: 15, leaseTransitions: 7 });
    const a = aReplica(api, clock, "a");
    a.elector.start();
    await clock.advance(10);
    api.lease = undefined;
    const created = api.versions.length;
    while (api.versions.length === created) await clock.advance(10);
    expect(api.lease).toMatchObject({ spec: { holderIdentity: "a", leaseTransitions: 7 } });
    await clock.advance(14_900);
    expect(a.epoch()).toBeUndefined();
    await clock.advance(500);
    expect([a.epoch(), api.versions.at(-1)?.spec?.leaseTransitions]).toEqual([8, 8]);
  });

  it("has to stand again before a leader leads that was stopped while it restored it", async () => {
    const { api, clock } = aCluster();
    let asleepMs = 0;
    const a = aReplica(api, { ...clock, now: () => clock.now() + asleepMs }, "a");
    a.elector.start();
    await clock.advance(1_000);
    a.network.fate = { arrivesAfterMs: 1, answersAfterMs: 500 };
    api.lease = undefined;
    while (api.lease === undefined) await clock.advance(1);
    asleepMs = 7_500; // the term is over, and the answer would be in time for a renewal
    await clock.advance(13_000);
    expect(a.said()).toEqual(["leads", "leads no longer"]);
    await clock.advance(5_000);
    expect(a.epoch()).toBe(2);
  });

  it("is created anew by its leader with the highest epoch that this one has seen", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a");
    a.elector.start();
    await clock.advance(3_000);
    api.put({ ...api.lease?.spec, leaseTransitions: 9 });
    a.network.fate = { ...promptly, answersAfterMs: 500 };
    const executed = api.executed.length;
    // Its renewal is refused; it looks, sees the 9, and then there is no Lease any more.
    while (api.executed.slice(executed).at(-1) !== "GET") await clock.advance(1);
    api.lease = undefined;
    await clock.advance(3_000);
    expect([a.epoch(), api.lease]).toMatchObject([9, { spec: { leaseTransitions: 9 } }]);
  });
});

describe("a record that nobody sane would write", () => {
  const mostInt32 = 2 ** 31 - 1;

  it("makes nobody wait for 68 years, with or without the lease", async () => {
    for (const isDeleted of [false, true]) {
      const { api, clock } = aCluster();
      api.put({ holderIdentity: "rogue", leaseDurationSeconds: mostInt32 });
      const a = aReplica(api, clock, "a");
      a.elector.start();
      await clock.advance(10);
      if (isDeleted) api.lease = undefined;
      await clock.advance(55_000);
      expect(a.epoch()).toBeUndefined(); // a real holder may rely on a duration of up to a minute
      await clock.advance(20_000);
      expect(a.epoch()).toBe(1);
    }
  });

  it.each([mostInt32, mostInt32 - 1, mostInt32 - 1000])(
    "does not drive the epoch to %d, after which no term could begin",
    async (epoch) => {
      const { api, clock } = aCluster();
      api.put({ holderIdentity: "", leaseTransitions: 4 });
      const a = aReplica(api, clock, "a");
      a.elector.start();
      await clock.advance(3_000);
      api.put({ holderIdentity: "rogue", leaseDurationSeconds: 15, leaseTransitions: epoch });
      await clock.advance(20_000);
      expect([a.epoch(), api.lease?.spec?.leaseTransitions]).toEqual([6, 6]);
      api.put({ ...api.lease?.spec, leaseTransitions: epoch });
      await clock.advance(5_000);
      expect([a.epoch(), api.lease?.spec?.leaseTransitions]).toEqual([6, 6]);
      const b = aReplica(api, clock, "b");
      await a.elector.stop({ release: false });
      api.put({ holderIdentity: "rogue", leaseDurationSeconds: 15, leaseTransitions: epoch });
      b.elector.start();
      await clock.advance(20_000);
      expect(b.epoch()).toBe(1);
      expect(a.said().filter((message) => message === "the lease has an epoch that cannot be")).toHaveLength(2);
    },
  );

  it("never takes an epoch beyond the highest that is possible", async () => {
    const { api, clock } = aCluster();
    const highest = mostInt32 - 1001;
    api.put({ holderIdentity: "", leaseTransitions: highest });
    const a = aReplica(api, clock, "a");
    a.elector.start();
    await clock.advance(3_000);
    expect([a.epoch(), api.lease?.spec?.leaseTransitions]).toEqual([highest, highest]);
  });

  it("lets nobody raise the epoch there", async () => {
    const { api, clock } = aCluster();
    const a = aReplica(api, clock, "a");
    a.elector.start();
    await clock.advance(10);
    for (const epoch of [mostInt32, mostInt32 - 999, mostInt32 - 1000, Number.NaN, 1.5]) {
      const raised = a.elector.leadership.raiseEpoch(epoch);
      await clock.advance(10);
      expect([await raised, a.epoch()]).toEqual([false, 1]);
    }
    const raised = a.elector.leadership.raiseEpoch(mostInt32 - 1001);
    await clock.advance(10);
    expect(await raised).toBe(true);
  });
});
