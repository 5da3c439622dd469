import fc from "fast-check";
import { expect, test } from "vitest";
import { ReadBack } from "./read-back.js";

const at = (raw: number, frequency: number, era = 0) => ({ raw, frequency, era });

test("our own commands, slews and steps are no interference", () => {
  const back = new ReadBack();
  expect(back.read(at(0, 12_345))).toBeNull();
  back.command({ ppb: 500, untilRaw: 2, thenPpb: 100 });
  expect(back.read(at(1, 500.4))).toBeNull();
  expect(back.read(at(2.3, 500))).toBeNull();
  expect(back.read(at(3, 100))).toBeNull();
  back.stepped();
  expect(back.read(at(4, 100, 1))).toBeNull();
  expect(back.traces).toBe(0);
});

test("one change by another is an accident, a second one somebody who steers", () => {
  const back = new ReadBack();
  back.read(at(0, 0));
  back.command({ ppb: 100, untilRaw: 0, thenPpb: 100 });
  expect(back.read(at(10, 900))).toBe("FrequencyChanged");
  expect(back.interference).toBeNull();
  expect(back.read(at(11, 900))).toBeNull();
  back.command({ ppb: 100, untilRaw: 11, thenPpb: 100 });
  expect(back.read(at(20, -700))).toBe("FrequencyChanged");
  expect(back.interference).toBe("FrequencyChanged");
});

test("a slew that goes on after its end is not ours", () => {
  const back = new ReadBack();
  back.read(at(0, 0));
  back.command({ ppb: 500, untilRaw: 2, thenPpb: 100 });
  expect(back.read(at(5, 500))).toBe("FrequencyChanged");
});

test("steps that are not ours are told, together with ours as well", () => {
  const back = new ReadBack();
  back.read(at(0, 0, 3));
  back.stepped();
  expect(back.read(at(1, 0, 5))).toBe("Stepped");
  expect(back.read(at(2, 0, 5))).toBeNull();
  expect(back.read(at(3, 0, 6))).toBe("Stepped");
  expect(back.interference).toBe("Stepped");
});

test("a suspend is nobody's step, however often the host sleeps", () => {
  const back = new ReadBack();
  back.read(at(0, 0, 0));
  for (let count = 1; count <= 5; count += 1) {
    back.disrupted(count);
    // It may be counted a moment before the clock shows it.
    if (count % 2 === 0) back.read(at(10 * count - 1, 0, count - 1));
    expect(back.read(at(10 * count, 0, count))).toBeNull();
  }
  expect(back.traces).toBe(0);
  back.disrupted(5);
  expect(back.read(at(61, 0, 6))).toBe("Stepped");
});

test("a suspend excuses no later step", () => {
  const back = new ReadBack();
  back.read(at(0, 0, 0));
  back.disrupted(1);
  back.read(at(1, 0, 0));
  back.read(at(2, 0, 0));
  expect(back.read(at(3, 0, 1))).toBe("Stepped");
});

test("two accidents an hour apart are accidents", () => {
  const back = new ReadBack();
  back.read(at(0, 0));
  back.read(at(10, 0, 1));
  back.read(at(3610, 0, 2));
  expect(back.interference).toBeNull();
});

test("who leaves no trace for a while has gone; who comes back is waited for twice as long", () => {
  const back = new ReadBack();
  let era = 0;
  let now = 0;
  const step = () => back.read(at(++now, 0, ++era));
  const waitFor = (): number => {
    const from = now;
    while (back.interference !== null) back.read(at(++now, 0, era));
    return now - from;
  };
  back.read(at(0, 0, 0));
  step();
  step();
  const first = waitFor();
  step();
  expect(back.interference).toBe("Stepped");
  expect(waitFor()).toBeGreaterThan(1.5 * first);
});

test("a frequency that cannot be read says nothing", () => {
  const back = new ReadBack();
  for (let raw = 0; raw < 10; raw++) expect(back.read(at(raw, Number.NaN))).toBeNull();
});

test("however we command, readings of what we commanded are never anybody else's", () => {
  const commands = fc.array(fc.record({ ppb: fc.integer(), thenPpb: fc.integer(), slew: fc.double({ min: 0, max: 2, noNaN: true }) }), {
    maxLength: 50,
  });
  fc.assert(
    fc.property(commands, (all) => {
      const back = new ReadBack();
      back.read(at(0, 0));
      all.forEach(({ ppb, thenPpb, slew }, i) => {
        const from = 3 * i;
        back.command({ ppb, untilRaw: from + slew, thenPpb });
        back.read(at(from + slew / 2, slew > 0 ? ppb : thenPpb));
        back.read(at(from + 2.6, thenPpb));
      });
      return back.traces === 0;
    }),
  );
});
