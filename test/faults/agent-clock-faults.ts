/** What others do to a node's clock past its owner, and clocks that are wrong from the start. */
import { setTimeout as sleep } from "node:timers/promises";
import { disturbVirtualClock } from "@meridian/native";
import type { EffectiveConfig } from "@meridian/proto";
import { type AgentFault, faultOnLocked, faultOnPrepared } from "./agent-fault.js";
import { serverAddress } from "./agent-lane.js";
import { ntpSource, ptpSource } from "./agent-sources.js";

const recoveryLimitSeconds = 45;
/** Readings of the clock are a quarter of a second apart: sooner nobody can know. */
const noticeLimitSeconds = 0.5;
/** Short enough to be slewed away while we wait: 50 ppm take 6 s. */
const stepNs = 300_000;
const retunePpb = 40_000;
/** Who has left no trace for a minute has gone. */
const goneLimitSeconds = 75;
const msPerYear = 365.25 * 86_400_000;

/** Steps once, by policy, onto true time. @param beginsAt ms since 1970 */
function wrongStart(name: string, beginsAt: () => number, sources: EffectiveConfig): AgentFault {
  return faultOnPrepared(name, { sources, offsetNs: (beginsAt() - Date.now()) * 1e6 }, async (trial) => {
    await trial.startLocked();
    const steps = trial.lines().filter(({ msg }) => msg === "stepped the clock").length;
    trial.claim(steps === 1, `stepped ${String(steps)} times`);
    await trial.recovers(recoveryLimitSeconds);
  });
}

const ptp: EffectiveConfig = { receivers: [ptpSource()] };
const ntp: EffectiveConfig = { associations: [ntpSource(serverAddress)] };
const inTenYears = (): number => Date.now() + 10 * msPerYear;

export const agentClockFaults: readonly AgentFault[] = [
  faultOnLocked("clock-retuned-for-good", {}, async (trial) => {
    let disturbances = 0;
    const disturb = setInterval(() => {
      disturbances += 1;
      disturbVirtualClock(trial.clockFile, { frequencyPpb: -20_000 + (disturbances % 2 === 0 ? retunePpb : -retunePpb) });
    }, 500);
    try {
      trial.note(`Conflicted after ${(await trial.reaches("Conflicted", 20)).toFixed(1)} s`);
      const { clock } = await trial.status();
      trial.claim(clock.reason === "OtherDaemonSteers", `its reason is ${clock.reason}`);
      trial.claim(clock.conflicts[0]?.evidence === "FrequencyChanged", `its evidence is ${clock.conflicts[0]?.evidence ?? "none"}`);
      await sleep(3000);
    } finally {
      clearInterval(disturb);
    }
    disturbVirtualClock(trial.clockFile, { frequencyPpb: -17_000 });
    await sleep(3000);
    trial.claim(trial.readClock().frequency === -17_000, "it steers beside the other one");
    await trial.recovers(goneLimitSeconds);
  }),
  faultOnLocked("clock-stepped-once", {}, async (trial) => {
    const before = trial.referee.take()?.era;
    const steppedAt = performance.now();
    disturbVirtualClock(trial.clockFile, { stepNs });
    const took = await trial.until("a new era on the page", () => trial.referee.take()?.era !== before, noticeLimitSeconds);
    trial.referee.excuse(steppedAt, performance.now());
    trial.expectedSteps += 1;
    trial.note(`noticed after ${took.toFixed(2)} s`);
    await trial.until("its loss of the phase", () => trial.state !== "PhaseAligned", 2);
    await trial.recovers(recoveryLimitSeconds);
    trial.claim((await trial.status()).clock.conflicts.length === 0, "one step is called a conflict");
  }),
  faultOnLocked("clock-retuned-once", {}, async (trial) => {
    const at = performance.now();
    disturbVirtualClock(trial.clockFile, { frequencyPpb: trial.readClock().frequency + retunePpb });
    const took = await trial.until("a correction", () => Math.abs(trial.readClock().frequency + 20_000) < retunePpb / 2, 3);
    trial.note(`corrected after ${took.toFixed(2)} s`);
    const { calibratedViolations } = trial.referee.judge(at, performance.now());
    trial.note(`${String(calibratedViolations)} samples beyond a bound until then`);
    await sleep(2000);
    await trial.recovers(recoveryLimitSeconds);
    trial.claim((await trial.status()).clock.conflicts.length === 0, "one change is called a conflict");
  }),
  wrongStart("starts-in-1970-ptp", () => 0, ptp),
  wrongStart("starts-in-1970-ntp", () => 0, ntp),
  wrongStart("starts-ten-years-late-ptp", inTenYears, ptp),
  wrongStart("starts-ten-years-late-ntp", inTenYears, ntp),
];
