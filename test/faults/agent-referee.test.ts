import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClockPage, createVirtualClock } from "@meridian/native";
import { afterEach, beforeEach, expect, test } from "vitest";
import { repositoryRoot } from "../lab/repository.js";
import { AgentReferee } from "./agent-referee.js";

/** Of the clock under test, ns. */
const error = 5000;
const isBuilt = existsSync(join(repositoryRoot(), "node-agent/native/meridian-native.node"));

let directory = "";
let page: ClockPage;
let referee: AgentReferee;

beforeEach(({ skip }) => {
  skip(!isBuilt, "the native module is not built: npm run build");
  directory = mkdtempSync(join(tmpdir(), "meridian-referee-"));
  const files = { clock: join(directory, "clock"), page: join(directory, "page") };
  createVirtualClock(files.clock, { seconds: 60, seed: 1, offsetNs: error, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
  page = new ClockPage(files.page);
  referee = new AgentReferee(files.clock, files.page);
});
afterEach(async () => {
  await referee?.stop();
  page?.close();
  rmSync(directory, { recursive: true, force: true });
});

function publish(calibratedNs: number, guaranteedNs: number, era = 0): void {
  page.publish({ calibratedNs, guaranteedNs, calibratedGrowthPpb: 0, guaranteedGrowthPpb: 0, voidAfterSeconds: 8, status: 1, era });
}

test("a bound that the true error leaves is a violation, of that bound only", () => {
  publish(error - 1000, error + 1000);
  referee.take();
  publish(error + 1000, error + 2000, 1);
  referee.take();
  expect(referee.judgeAll()).toMatchObject({ calibratedViolations: 1, guaranteedViolations: 0, voidSamples: 0, steps: 1, unread: 0 });
  expect(referee.worstSince(0)).toBeCloseTo(error, -2);
});

test("what is excused counts against nobody, and is told", () => {
  publish(1, 1);
  const from = performance.now();
  referee.take();
  const to = performance.now();
  referee.excuse(from, to + 0.001);
  expect(referee.judgeAll()).toMatchObject({ calibratedViolations: 0, guaranteedViolations: 0, excused: 1 });
  referee.take();
  expect(referee.judgeAll()).toMatchObject({ calibratedViolations: 1, guaranteedViolations: 1, excused: 1 });
});

test("a page that says nothing is void, which is no violation", () => {
  publish(Number.NaN, Number.NaN);
  referee.take();
  expect(referee.judgeAll()).toMatchObject({ calibratedViolations: 0, guaranteedViolations: 0, voidSamples: 1 });
});
