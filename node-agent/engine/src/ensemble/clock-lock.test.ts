import { expect, test } from "vitest";
import { ClockLock, type LockEvidence } from "./clock-lock.js";

const good: LockEvidence = {
  news: true,
  readable: true,
  measuring: true,
  contested: false,
  disagreeing: false,
  rateKnown: true,
  phaseKnown: true,
  silent: false,
  aligned: true,
  astray: false,
  waiting: "",
  watchdogDisagrees: false,
};

function after(...evidence: readonly Partial<LockEvidence>[]): ClockLock {
  const lock = new ClockLock();
  for (const change of evidence) lock.judge({ ...good, ...change });
  return lock;
}

const locked = [{}, {}, {}];

test("three judgements in a row lock", () => {
  expect(after({}, {}).state).toBe("FrequencyLocked");
  expect(after(...locked).state).toBe("PhaseAligned");
  expect(after({}, {}, { aligned: false }, {}, {}).state).toBe("FrequencyLocked");
});

test("one bad judgement does not unlock, three do", () => {
  const astray = { aligned: false, astray: true };
  expect(after(...locked, astray, astray).state).toBe("PhaseAligned");
  expect(after(...locked, astray, astray, astray).state).toBe("FrequencyLocked");
});

test("without news nothing is counted", () => {
  expect(after({}, { news: false }, { news: false }, { news: false }).state).toBe("FrequencyLocked");
  expect(after({}, { news: false, aligned: false }, {}, {}).state).toBe("PhaseAligned");
});

test.each([
  [[{ readable: false }], "Unknown", "NotRead"],
  [[{ contested: true, measuring: false }], "Conflicted", "OtherDaemonSteers"],
  [[{ measuring: false, rateKnown: false, phaseKnown: false }], "FreeRunning", "NoSource"],
  [[{ rateKnown: false, phaseKnown: false }], "Acquiring", "CollectingMeasurements"],
  [[{ waiting: "WaitingForSources" }], "Acquiring", "WaitingForSources"],
  [[{ phaseKnown: false }], "FrequencyLocked", "OneWayOnly"],
  [[{ disagreeing: true }], "FreeRunning", "SourcesDisagree"],
  [[...locked, { disagreeing: true }], "Conflicted", "SourcesDisagree"],
  [[...locked, { silent: true, measuring: false }], "Holdover", "SourcesSilent"],
  [[...locked, { silent: true }, {}], "PhaseAligned", "Locked"],
  [[...locked, { silent: true }, { astray: true, aligned: false }], "FrequencyLocked", "Slewing"],
  [[...locked, { watchdogDisagrees: true }], "PhaseAligned", "WatchdogDisagrees"],
] as const)("%o is %s because %s", (evidence, state, reason) => {
  const lock = after(...evidence);
  expect([lock.state, lock.reason]).toEqual([state, reason]);
});
