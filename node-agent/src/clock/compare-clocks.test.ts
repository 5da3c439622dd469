import { subtractInstants } from "@meridian/engine";
import { createFakeNative, FakeMachine } from "@meridian/native/fake";
import { clockReading, offsetSample } from "@meridian/native/layout";
import { beforeEach, describe, expect, test } from "vitest";
import { compareClocks, type ComparedClock, type Comparison } from "./compare-clocks.js";

/** Nothing is known of the other clock but that its instant lies between two of ours. @returns middle of other − own and half of what it took, ns */
const judge = ({ before, instant, after }: Comparison): { readonly offset: number; readonly halfWidth: number } => {
  const [early, late] = [subtractInstants(instant, after), subtractInstants(instant, before)];
  return { offset: (early + late) / 2, halfWidth: (late - early) / 2 };
};

describe("a PTP hardware clock and the system's clock", () => {
  let machine: FakeMachine;
  let open: (uri: string) => ComparedClock;
  beforeEach(() => {
    machine = new FakeMachine();
    const native = createFakeNative(machine);
    machine.createClock("/dev/ptp0", { seconds: 1, seed: 0, offsetNs: -1_500_000_250, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
    machine.advance(3);
    open = (uri) => native.Clock.open(uri, { steer: false });
  });

  test("are compared by the kernel, across seconds", () => {
    const found = judge(compareClocks(open("realtime:"), open("phc:/dev/ptp0")));
    expect(found).toEqual({ offset: -1_500_000_250, halfWidth: 100 });
  });

  test("are compared from either side", () => {
    const found = judge(compareClocks(open("phc:/dev/ptp0"), open("realtime:")));
    expect(found).toEqual({ offset: 1_500_000_250, halfWidth: 100 });
  });
});

/** Two clocks that show what `script` says, one reading after the other, ns; the second is hardware. */
function scripted(
  own: readonly number[],
  other: readonly number[],
  sample: (() => readonly number[]) | string,
  eras: readonly number[] = [],
) {
  const clock = (uri: string, times: readonly number[], erasOf: readonly number[]): ComparedClock => {
    let next = 0;
    const read = (out: Float64Array): void => {
      const ns = times[Math.min(next, times.length - 1)] ?? 0;
      out[clockReading.seconds] = 100;
      out[clockReading.nanoseconds] = ns;
      out[clockReading.raw] = 50 + ns / 1e9;
      out[clockReading.steering] = ns / 10;
      out[clockReading.era] = erasOf[Math.min(next, erasOf.length - 1)] ?? 0;
      next += 1;
    };
    const sampleOffset = (_count: number, out: Float64Array): void => {
      if (typeof sample === "string") throw Object.assign(new Error("ioctl"), { code: sample });
      out.set(sample());
    };
    return { uri, read, sampleOffset };
  };
  return [clock("realtime:", own, eras), clock("phc:/dev/ptp0", other, [])] as const;
}

/** The device 700 ns ahead, at 2,000 ns of the system's clock. */
const sample = (): Float64Array => {
  const out = new Float64Array(offsetSample.length);
  out[offsetSample.offsetNanoseconds] = 700;
  out[offsetSample.halfWidth] = 60;
  out[offsetSample.systemSeconds] = 100;
  out[offsetSample.systemNanoseconds] = 2_000;
  return out;
};
const sampled = (): readonly number[] => [...sample()];

test("raw time and steering are those of the sample, not of a reading before or after it", () => {
  const { before, after } = compareClocks(...scripted([1_000, 5_000], [1_700], sampled));
  expect(before).toMatchObject({ seconds: 100, nanoseconds: 1_940, steering: 200 });
  expect(after).toMatchObject({ seconds: 100, nanoseconds: 2_060, steering: 200 });
  expect((after.raw + before.raw) / 2).toBeCloseTo(50 + 2_000e-9, 12);
});

test.each([
  ["the system's clock was stepped meanwhile", sampled, [0, 1]],
  ["every sample went backwards", "EAGAIN", [0]],
])("where %s, the clocks are read in turn", (_name, how, eras) => {
  const found = compareClocks(...scripted([1_000, 5_000, 9_000, 12_000], [1_700, 1_700, 10_500], how, eras));
  expect(judge(found).halfWidth).not.toBe(60);
  expect(found.after.nanoseconds).toBeGreaterThanOrEqual(found.before.nanoseconds);
});

test("a device that has vanished is an error", () => {
  expect(() => compareClocks(...scripted([1_000], [1_700], "ENODEV"))).toThrow(expect.objectContaining({ code: "ENODEV" }));
});

test("two clocks of which the kernel compares neither are read in turn, and the narrowest reading counts", () => {
  const [, phc] = scripted([], [5_000], "ENODEV");
  const [realtime] = scripted([0, 1_000, 1_000, 1_300, 1_300, 3_000, 3_000, 4_000, 4_000, 9_000], [], "ENODEV");
  const found = compareClocks({ ...realtime, uri: "virtual:/somewhere" }, phc);
  expect([found.before.nanoseconds, found.after.nanoseconds]).toEqual([1_000, 1_300]);
});
