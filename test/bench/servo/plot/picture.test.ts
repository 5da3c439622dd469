import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { chooseTicks, describeNanoseconds, drawPicture, type Picture, thinOut } from "./picture.js";
import { pictures, recordPicture } from "./pictures.js";

const picture: Picture = {
  title: "A title",
  xLabel: "s",
  yLabel: "error",
  x: [0, 100],
  y: [-100, 100],
  yScale: "linear",
  series: [
    { name: "one", kind: "line", colour: "#123456", points: Array.from({ length: 101 }, (_, i) => [i, i === 50 ? null : i] as const) },
  ],
};

const linesOf = (svg: string): string[] => svg.match(/<polyline[^>]*points="([^"]*)"/g) ?? [];

describe("a picture", () => {
  it("has a gap where a value is void, and each end where it belongs", () => {
    const [before, after, ...more] = linesOf(drawPicture(picture));
    expect(more).toEqual([]);
    // Zero is in the middle of the axis, 100 at its top right.
    expect(before).toContain('points="72,166 ');
    expect(after).toContain(' 704,56"');
  });

  it("keeps what lies outside of its axis at its edge", () => {
    const far = { ...picture, series: [{ ...picture.series[0]!, points: [[0, -1e9] as const, [100, 1e9] as const] }] };
    expect(linesOf(drawPicture(far))[0]).toContain('points="72,276 704,56"');
  });

  it("on a logarithmic axis draws the size of a value", () => {
    const log: Picture = {
      ...picture,
      y: [1, 100],
      yScale: "logarithmic",
      series: [{ ...picture.series[0]!, points: [[0, -10] as const, [100, 10] as const] }],
    };
    expect(linesOf(drawPicture(log))[0]).toContain('points="72,166 704,166"');
  });
});

it("thinning keeps the extremes of every column, in the order of time", () => {
  const points = Array.from({ length: 100_000 }, (_, i) => [i / 1000, i === 31_234 ? 500 : i % 7] as const);
  const thin = thinOut(points, [0, 100]);
  expect(thin.length).toBeLessThanOrEqual(640);
  expect(thin).toContainEqual([31.234, 500]);
  expect(thin.map(([x]) => x)).toEqual(thin.map(([x]) => x).toSorted((a, b) => a - b));
});

it.each([
  [0, 600, [0, 200, 400, 600]],
  [-200, 1000, [0, 500, 1000]],
  [-1000, 1000, [-1000, -500, 0, 500, 1000]],
])("ticks from %i to %i are round", (least, most, ticks) => {
  expect(chooseTicks(least, most).map((tick) => tick + 0)).toEqual(ticks);
});

it.each([
  [50, "50 ns"],
  [-2000, "-2 µs"],
  [1e7, "10 ms"],
])("%d ns are %s", (value, text) => {
  expect(describeNanoseconds(value)).toBe(text);
});

describe("docs/pictures", () => {
  const folder = new URL("../../../../docs/pictures/", import.meta.url);

  it("has every picture and none else, each below 40 kB", async () => {
    expect((await readdir(folder)).toSorted()).toEqual(pictures.map(({ name }) => `${name}.svg`).toSorted());
    for (const { name } of pictures) expect((await readFile(new URL(`${name}.svg`, folder))).length).toBeLessThan(40_000);
  });

  it("is drawn the same twice", () => {
    const start = pictures.find(({ name }) => name === "start")!;
    expect(drawPicture(recordPicture(start))).toBe(drawPicture(recordPicture(start)));
  });
});
