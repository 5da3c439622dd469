import { expect, test } from "vitest";
import type { Finding } from "./discontinuity.js";
import { StepReview } from "./step-review.js";

const step = (by: number): Finding => ({
  hypothesis: { kind: "step", step: true } as Finding["hypothesis"],
  kind: "step",
  at: 0,
  lead: 0,
  jumpToLocal: by,
  jumpToRemote: -by,
  variance: 1,
});

test("a step is doubted until one exchange is as quick as before it", () => {
  const review = new StepReview();
  review.observe(step(7500), 1000, 4);
  expect(review.unconfirmedStep(1004, 4)).toBe(7500);
  expect(review.unconfirmedStep(1004, 0)).toBe(0);
  expect(review.unconfirmedStep(2000, 1000)).toBe(0);
});

test("a filter that begins anew has no step from before, whatever its packets are counted from", () => {
  const review = new StepReview();
  review.observe(step(7500), 1000, 4);
  review.restart(30);
  for (const packets of [0, 10, 1000, 2000]) expect(review.unconfirmedStep(packets, packets)).toBe(0);
  expect(review.ambiguity).toBe(30);
});
