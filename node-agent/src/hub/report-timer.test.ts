import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ReportTimer } from "./report-timer.js";

let timer: ReportTimer;
let reports: number[];
const now = (): number => performance.now();

beforeEach(() => {
  vi.useFakeTimers();
  reports = [];
  timer = new ReportTimer(
    () => {
      reports.push(Math.round(now() - begun));
      timer.reported(now());
    },
    () => 0.5,
  );
  const begun = now();
  timer.reported(now());
});
afterEach(() => {
  timer.close();
  vi.useRealTimers();
});

test("reports every 10 s, or as often as the hub says, but not more often than every second", () => {
  vi.advanceTimersByTime(20_000);
  expect(reports).toEqual([10_000, 20_000]);
  timer.setInterval(2000);
  timer.reported(now());
  vi.advanceTimersByTime(4000);
  expect(reports.slice(2)).toEqual([22_000, 24_000]);
  timer.setInterval(10);
  timer.reported(now());
  vi.advanceTimersByTime(1000);
  expect(reports.slice(4)).toEqual([25_000]);
});

test("news is reported at once, further news after the spacing, however fast it comes", () => {
  vi.advanceTimersByTime(5000);
  for (let ms = 0; ms < 990; ms += 10) {
    timer.hasten(now());
    vi.advanceTimersByTime(10);
  }
  expect(reports).toEqual([5000, 5250, 5500, 5750]);
});
