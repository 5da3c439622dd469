import type { Publication } from "@meridian/engine";
import { expect, test } from "vitest";
import { agePublication } from "./age-publication.js";

const publication = {
  calibrated: 100,
  calibratedGrowth: 10,
  guaranteed: 2000,
  guaranteedGrowth: 1000,
  voidAfter: 8,
} as Publication;

test("a bound grows by its growth per second, until the end of its life", () => {
  expect(agePublication(publication, 0)).toEqual({ alive: true, calibrated: 100, guaranteed: 2000 });
  expect(agePublication(publication, 2.5)).toEqual({ alive: true, calibrated: 125, guaranteed: 4500 });
  expect(agePublication(publication, 8)).toEqual({ alive: true, calibrated: 180, guaranteed: 10_000 });
  expect(agePublication(publication, 8.001)).toEqual({ alive: false, calibrated: null, guaranteed: null });
});

test("what was void stays void", () => {
  expect(agePublication({ ...publication, calibrated: null }, 1)).toEqual({ alive: true, calibrated: null, guaranteed: 3000 });
});
