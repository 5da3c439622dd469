import { expect, test } from "vitest";
import { runParallel } from "./run-parallel.js";

/** A module of jobs in a URL. */
const moduleOf = (source: string): URL => new URL(`data:text/javascript,${encodeURIComponent(source)}`);

test("results come in the order of the jobs, whoever was first", async () => {
  const module = moduleOf("export const runJob = (ms) => new Promise((resolve) => setTimeout(() => resolve(2 * ms), ms));");
  const seen: number[] = [];
  const results = await runParallel<number, number>(module, [60, 1, 30, 2, 3], (result) => seen.push(result));
  expect(results).toEqual([120, 2, 60, 4, 6]);
  expect(seen.toSorted((a, b) => a - b)).toEqual([2, 4, 6, 60, 120]);
});

test("a job that fails fails the run, and says where", async () => {
  const module = moduleOf("export const runJob = (n) => { if (n === 2) throw new RangeError('two'); return n; };");
  await expect(runParallel(module, [1, 2, 3])).rejects.toThrow(/job 1: RangeError: two/);
});

test("no jobs, no threads", async () => {
  await expect(runParallel(moduleOf("throw new Error('loaded')"), [])).resolves.toEqual([]);
});
