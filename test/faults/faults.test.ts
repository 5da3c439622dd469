/** One fault of each sort of the suite `npm run test:faults -- kube`, and a short soak: that the suite itself works. */
import { describe, expect, it } from "vitest";
import { FaultTrial } from "./fault-trial.js";
import { runWireFault } from "./run-wire-fault.js";
import { runSoak } from "./soak.js";
import { wireFaults } from "./wire-faults.js";

const faultNamed = (name: string) => {
  const fault = wireFaults.find((candidate) => candidate.name === name);
  if (fault === undefined) throw new Error(`no fault ${name}`);
  return fault;
};

describe("the suite of faults", () => {
  it.each(["gone-on-resume", "reset-write", "restored-from-backup", "certificate-rotated"])("survives %s", async (name) => {
    expect(await runWireFault(faultNamed(name))).toMatchObject({ fault: name, ok: true });
  });

  it("survives three seconds of faults at random", async () => {
    expect(await runSoak({ seconds: 3, seed: 7 })).toMatchObject({ ok: true });
  });

  it("calls it a failure when a fault misses its mark", async () => {
    const outcome = await runWireFault({ name: "nothing", signs: ["KOPF_WATCH_CUT"], inflict: (trial) => trial.change() });
    expect(outcome).toMatchObject({ ok: false, detail: expect.stringContaining("met KOPF_WATCH_CUT less than 1 times") as string });
  });

  it("calls it a failure when the operator does not recover", async () => {
    const outcome = await runWireFault({
      name: "endless",
      signs: [],
      inflict: ({ server }) => (server.watches.freeze(), void server.put("w1", { size: 77 })),
      limitSeconds: 1,
    });
    expect(outcome).toMatchObject({ ok: false, recoverSeconds: null });
  });

  it("knows every fault by one name", () => {
    const names = wireFaults.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("sees a cache that does not hold the truth", async () => {
    const trial = await FaultTrial.start();
    try {
      trial.server.watches.hold();
      trial.server.remove("w3");
      expect(trial.disagreements).toContain("ns/w3: the cache differs from the server");
      trial.server.watches.release();
      expect(await trial.converge(30)).toBe(true);
    } finally {
      await trial.close();
    }
  });
});
