import { expect, test } from "vitest";
import { Outages } from "./outages.js";

test("an outage is news when it begins, when its cause changes and when it ends, not at every call", () => {
  const outages = new Outages();
  expect(outages.end("clock")).toBe(false);
  expect(["EPERM", "EPERM", "EIO", "EIO", "EPERM"].map((code) => outages.begin("clock", code))).toEqual([true, false, true, false, true]);
  expect([outages.end("clock"), outages.end("clock")]).toEqual([true, false]);
  expect(outages.begin("clock", "EPERM")).toBe(true);
});

test("each subject has its own outages", () => {
  const outages = new Outages();
  outages.begin("clock", "EPERM");
  expect(outages.begin("step", "EPERM")).toBe(true);
  expect(outages.end("step")).toBe(true);
  expect(outages.begin("clock", "EPERM")).toBe(false);
});
