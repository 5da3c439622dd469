import { expect, test } from "vitest";
import type { ClockFigures } from "./clock-watch.js";
import { linkCases } from "./link-cases.js";
import { linkFigures } from "./link-figures.js";

function clock(rms: number, claimed = rms): ClockFigures {
  return { rms, largest: 3 * rms, real: rms, claimed, samples: 1000, calibratedViolations: 0, guaranteedViolations: 0 };
}

const caseOf = (name: string) => linkCases.find((one) => one.name === name)!;

test("four links: run by run beside the best of that run, and over all runs beside the link that is best over all", () => {
  const runs = [
    { joint: clock(30), solos: [clock(50), clock(60), clock(70), clock(80)] },
    { joint: clock(30), solos: [clock(70), clock(60), clock(70), clock(45)] },
  ];
  const [rms, gain] = linkFigures(caseOf("1us_1s.4"), runs);
  expect(rms).toMatchObject({ metric: "joint.1us_1s.4.rms", value: 30, better: "lower", peer: { name: "best link alone", value: 60 } });
  expect(gain).toMatchObject({ metric: "joint.1us_1s.4.gain", value: 1.583, spread: [1.5, 1.667], target: 1.9, better: "higher" });
});

test("unequal links: one run that is worse than its best link shows, whatever the median says", () => {
  const good = { joint: clock(50), solos: [clock(52), clock(900)] };
  const bad = { joint: clock(78), solos: [clock(52), clock(900)] };
  const figures = linkFigures(caseOf("jitter_1_10"), [good, good, bad]);
  const named = (end: string) => figures.find(({ metric }) => metric.endsWith(end));
  expect(named("over_best_solo")?.value).toBeLessThan(1.03);
  expect(named("over_best_solo.worst")?.value).toBe(1.5);
});

test("who claims too little and who claims too much are told apart", () => {
  const ratios = (claimed: number) =>
    linkFigures(caseOf("1us_1s.1"), [{ joint: clock(50, claimed), solos: [clock(50, claimed)] }])
      .filter(({ metric }) => metric.includes("real_over_claimed"))
      .map(({ value, target, better }) => (better === "lower" ? value <= target : value >= target));
  expect(ratios(50)).toEqual([true, true]);
  expect(ratios(40)).toEqual([false, true]);
  expect(ratios(70)).toEqual([true, false]);
});
