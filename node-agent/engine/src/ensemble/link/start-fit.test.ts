import { expect, test } from "vitest";
import { createRandom } from "../../sim/random.js";
import { fitOneWay, fitTwoWay, type Packet } from "./start-fit.js";

function packets(count: number, oneWay: boolean): Packet[] {
  const random = createRandom(9, 1);
  const list: Packet[] = [];
  for (let i = 0; i < count; i++) {
    const raw = 1000 + i / 8;
    const offset = 1e6 + 20_000 * (raw - 1000);
    list.push({ direction: 0, value: offset + 5000 + 1000 * random.exponential(), raw });
    if (!oneWay) list.push({ direction: 1, value: -offset + 5000 + 1000 * random.exponential(), raw });
  }
  return list;
}

test("eight exchanges give offset and rate within what the covariance claims", () => {
  const fit = fitTwoWay(packets(8, false), 1.2, 1);
  expect(Math.abs(fit.offset - 1e6)).toBeLessThan(3 * Math.sqrt(fit.offsetVariance));
  expect(Math.abs(fit.rate - 20_000)).toBeLessThan(3 * Math.sqrt(fit.rateVariance));
  expect(Math.abs(fit.floorToLocal - 5000)).toBeLessThan(2 * Math.sqrt(fit.floorVariance));
});

test("one direction gives the rate", () => {
  const fit = fitOneWay(packets(64, true), 1.2, 1);
  expect(Math.abs(fit.rate - 20_000)).toBeLessThan(300);
});

test("equal packets divide by nothing", () => {
  const equal: Packet[] = [0, 1, 2, 3].flatMap((i) => [
    { direction: 0, value: 10, raw: i } as const,
    { direction: 1, value: 10, raw: i } as const,
  ]);
  expect(Object.values(fitTwoWay(equal, 1.2, 1)).every(Number.isFinite)).toBe(true);
  expect(Object.values(fitOneWay(equal.slice(0, 1), 1.2, 1)).every(Number.isFinite)).toBe(true);
});
