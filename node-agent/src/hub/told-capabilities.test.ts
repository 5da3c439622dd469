import { expect, test } from "vitest";
import { ToldCapabilities } from "./told-capabilities.js";

test("what was told is told anew when it no longer holds, and at most once per 10 s", () => {
  let canSteer = true;
  const told = new ToldCapabilities(() => ({ canSteer }));
  expect(told.needsRenewal(0)).toBe(false); // nobody was told anything
  expect(told.tell()).toEqual({ canSteer: true });
  expect(told.needsRenewal(1000)).toBe(false);
  canSteer = false;
  expect(told.needsRenewal(2000)).toBe(true);
  expect(told.needsRenewal(3000)).toBe(false);
  expect(told.tell()).toEqual({ canSteer: false });
  expect(told.needsRenewal(13_000)).toBe(false);
  canSteer = true;
  expect(told.needsRenewal(13_001)).toBe(true);
  told.tell();
  canSteer = false;
  expect([told.needsRenewal(23_000), told.needsRenewal(23_001)]).toEqual([false, true]);
});
