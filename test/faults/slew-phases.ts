/**
 * Death and standstill at every moment of a slew. The follower hears sixteen Syncs a second, and each begins a slew of half of the
 * time to the next one. Its error is small enough that a slew which nobody ends carries the clock far past true time: what was
 * published must cover that until it is void.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { labServo } from "../lab/stored-config.js";
import { type AgentFault, failureOf } from "./agent-fault.js";
import { type AgentLane, logInterval } from "./agent-lane.js";
import { followerConfig, ptpSource } from "./agent-sources.js";
import { AgentTrial } from "./agent-trial.js";
import type { FaultOutcome } from "./outcome.js";

const phases = 16;
/** From a slew's beginning to the next one's. */
const windowMs = 1000 * 2 ** logInterval;
/** Until the rate is known so well that slews have nearly all of the limit. */
const settleMs = 1000;
/** Twice that is what a slew at the limit adds until the page is void. */
const offsetNs = 300_000;
/** Between two looks at the clock. */
const lookMs = 2;
const slewLimitMs = 3000;
/** A publication's life, s, and a little. */
const untilVoidMs = 8500;
const frequencyPpb = 20_000;
const isSlewing = (frequency: number): boolean => Math.abs(frequency + frequencyPpb) > labServo.maxSlewPartsPerBillion / 4;

const makeFollower = (lane: AgentLane, name: string): AgentTrial => {
  const servo = { ...labServo, stepMode: "Never" };
  return new AgentTrial(lane, { name, config: followerConfig({ servo, receivers: [ptpSource()] }), offsetNs, frequencyPpb });
};

async function startSlewing(trial: AgentTrial): Promise<void> {
  trial.start();
  await trial.reaches("FrequencyLocked", 30);
  await sleep(settleMs);
}

/** Waits for a slew's beginning, or until there is none to wait for, then for a share of the time to the next one. */
async function waitForPhase(trial: AgentTrial, phase: number): Promise<void> {
  const becomes = async (slewing: boolean): Promise<void> => {
    for (const end = performance.now() + slewLimitMs; isSlewing(trial.readClock().frequency) !== slewing && performance.now() < end; )
      await sleep(lookMs);
  };
  await becomes(false);
  await becomes(true);
  await sleep((windowMs * phase) / phases);
}

function sum(name: string, outcomes: readonly FaultOutcome[], slewing: number): FaultOutcome {
  const bad = outcomes.filter(({ ok }) => !ok);
  const about = `${String(outcomes.length)} phases, ${String(slewing)} in the middle of a slew`;
  const hit = slewing >= phases / 4 ? [] : ["too few of them slewing"];
  const ok = bad.length === 0 && hit.length === 0;
  return {
    fault: name,
    ok,
    recoverSeconds: ok ? 0 : null,
    detail: [about, outcomes[0]?.detail ?? "", ...hit, ...bad.map(({ fault, detail }) => `${fault}: ${detail}`)].join("; "),
  };
}

/** A short-lived agent a phase; while the dead one's page is read until it is void, the next one starts. */
const killed: AgentFault = {
  name: "killed-in-slew",
  agents: 1,
  async run(lane) {
    await lane.serve();
    const judged: Promise<FaultOutcome>[] = [];
    let slewing = 0;
    for (let phase = 0; phase < phases; phase += 1) {
      const trial = makeFollower(lane, `killed-in-slew-${String(phase)}`);
      trial.mayEnd = true;
      const failure = await failureOf(async () => {
        await startSlewing(trial);
        await waitForPhase(trial, phase);
      });
      await trial.agent.kill();
      // Nobody ends it any more.
      if (isSlewing(trial.readClock().frequency)) slewing += 1;
      judged.push(sleep(untilVoidMs).then(() => trial.finish(failure)));
    }
    return sum("killed-in-slew", await Promise.all(judged), slewing);
  },
};

/** One agent that is stopped and goes on. @param seconds that it stands still each time */
function stopped(name: string, seconds: number, stops: readonly number[]): AgentFault {
  return {
    name,
    agents: 1,
    async run(lane) {
      await lane.serve();
      const trial = makeFollower(lane, name);
      let slewing = 0;
      const failure = await failureOf(async () => {
        await startSlewing(trial);
        for (const phase of stops) {
          await waitForPhase(trial, phase);
          trial.agent.signal("SIGSTOP");
          if (isSlewing(trial.readClock().frequency)) slewing += 1;
          await sleep(1000 * seconds);
          trial.agent.signal("SIGCONT");
          await sleep(500);
        }
        const { clock } = await trial.status();
        trial.claim(clock.guaranteedBoundNanoseconds !== null, "no bound after the last stop");
      });
      trial.note(`${String(stops.length)} stops of ${String(seconds)} s, ${String(slewing)} in the middle of a slew`);
      const outcome = await trial.finish(failure);
      return { ...outcome, recoverSeconds: outcome.ok ? 0 : null };
    },
  };
}

const everyPhase = Array.from({ length: phases }, (_, phase) => phase);

export const slewPhases: readonly AgentFault[] = [
  stopped("stopped-5s-in-slew", 5, everyPhase),
  killed,
  stopped("stopped-15s-in-slew", 15, [2, 6, 9]),
];
