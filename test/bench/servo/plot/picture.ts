/**
 * A picture of values over time: SVG by hand, small, the same bytes for the same numbers. Colours are of middling lightness and the
 * ground is transparent, so that it reads on white and on black; where the reader's scheme is known, text follows it.
 */

export interface Series {
  readonly name: string;
  /** A band is drawn from its value to its mirror below zero, or on a logarithmic axis to the bottom. */
  readonly kind: "line" | "band";
  readonly colour: string;
  /** In the order of x; a gap where y is null. */
  readonly points: readonly (readonly [x: number, y: number | null])[];
}

export interface Picture {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly x: readonly [least: number, most: number];
  /** On a logarithmic axis |y| is drawn, and both ends are powers of ten. */
  readonly y: readonly [least: number, most: number];
  readonly yScale: "linear" | "logarithmic";
  readonly series: readonly Series[];
}

const [width, height] = [720, 320];
const frame = { left: 72, right: 16, top: 56, bottom: 44 };
/** No series has more points than that: of each column its extremes are kept. */
const columns = 320;

const inner = { width: width - frame.left - frame.right, height: height - frame.top - frame.bottom };

/** Tenths of a pixel. */
const pixels = (value: number): string => String(Math.round(10 * value) / 10);

function scaleOf({ y: [least, most], yScale }: Picture): (value: number) => number {
  const place = (value: number): number =>
    yScale === "linear"
      ? (value - least) / (most - least)
      : Math.log10(Math.max(Math.abs(value), least) / least) / Math.log10(most / least);
  return (value) => frame.top + inner.height * (1 - Math.max(0, Math.min(1, place(value))));
}

/** Four to eight round values. */
export function chooseTicks(least: number, most: number): readonly number[] {
  const rough = (most - least) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(least / step - 1e-9);
  return Array.from({ length: Math.floor(most / step + 1e-9) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(6)));
}

const powers = (least: number, most: number): readonly number[] =>
  Array.from({ length: Math.round(Math.log10(most / least)) + 1 }, (_, i) => Number((least * 10 ** i).toPrecision(6)));

/** ns as people read them. */
export function describeNanoseconds(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${String(value / 1e6)} ms`;
  return size >= 1e3 ? `${String(value / 1e3)} µs` : `${String(value)} ns`;
}

/** The smallest and the largest of each column of pixels, in the order of time. */
export function thinOut(points: Series["points"], [least, most]: Picture["x"]): Series["points"] {
  const kept: (readonly [number, number | null])[] = [];
  let column: (readonly [number, number])[] = [];
  let at = -1;
  const flush = (): void => {
    const byValue = column.toSorted((a, b) => a[1] - b[1]);
    const ends = byValue.length < 2 ? byValue : [byValue[0]!, byValue.at(-1)!];
    kept.push(...ends.toSorted((a, b) => a[0] - b[0]));
    column = [];
  };
  for (const [x, y] of points) {
    if (x < least || x > most) continue;
    const next = Math.floor((columns * (x - least)) / (most - least));
    if (next !== at || y === null) flush();
    at = next;
    if (y === null) kept.push([x, null]);
    else column.push([x, y]);
  }
  flush();
  return kept;
}

function drawSeries(picture: Picture, { kind, colour, points }: Series): string {
  const [least, most] = picture.x;
  const xOf = (x: number) => frame.left + (inner.width * (x - least)) / (most - least);
  const yOf = scaleOf(picture);
  const bottom = picture.yScale === "linear" ? (y: number) => yOf(-y) : () => frame.top + inner.height;
  const runs: (readonly [number, number])[][] = [[]];
  for (const [x, y] of thinOut(points, picture.x)) {
    if (y === null) runs.push([]);
    else runs.at(-1)?.push([x, y]);
  }
  const path = (run: readonly (readonly [number, number])[], place: (y: number) => number) =>
    run.map(([x, y]) => `${pixels(xOf(x))},${pixels(place(y))}`).join(" ");
  return runs
    .filter((run) => run.length > 1)
    .map((run) =>
      kind === "line"
        ? `<polyline class="line" stroke="${colour}" points="${path(run, yOf)}"/>`
        : `<polygon fill="${colour}" fill-opacity="0.22" points="${path(run, yOf)} ${path(run.toReversed(), bottom)}"/>`,
    )
    .join("\n");
}

function drawAxes(picture: Picture): string {
  const [least, most] = picture.x;
  const yOf = scaleOf(picture);
  const horizontal = picture.yScale === "linear" ? chooseTicks(...picture.y) : powers(...picture.y);
  const right = width - frame.right;
  const base = height - frame.bottom;
  const grid = horizontal.map(
    (value) =>
      `<line class="grid" x1="${String(frame.left)}" x2="${String(right)}" y1="${pixels(yOf(value))}" y2="${pixels(yOf(value))}"/>` +
      `<text x="${String(frame.left - 6)}" y="${pixels(yOf(value) + 4)}" text-anchor="end">${describeNanoseconds(value)}</text>`,
  );
  const seconds = chooseTicks(least, most).map((value) => {
    const x = pixels(frame.left + (inner.width * (value - least)) / (most - least));
    return `<text x="${x}" y="${String(base + 18)}" text-anchor="middle">${String(value)}</text>`;
  });
  const names = [
    `<text x="${String(right)}" y="${String(height - 8)}" text-anchor="end">${picture.xLabel}</text>`,
    `<text x="${String(frame.left)}" y="${String(height - 8)}">${picture.yLabel}</text>`,
  ];
  return [...grid, ...seconds, ...names].join("\n");
}

function drawLegend({ series }: Picture): string {
  let x = frame.left;
  return series
    .map(({ name, kind, colour }) => {
      const swatch = `<rect x="${String(x)}" y="34" width="14" height="${kind === "line" ? "3" : "10"}" fill="${colour}"${kind === "line" ? ' transform="translate(0 4)"' : ' fill-opacity="0.35"'}/>`;
      const text = `<text x="${String(x + 19)}" y="43">${name}</text>`;
      x += 34 + Math.round(6.6 * name.length);
      return swatch + text;
    })
    .join("\n");
}

export function drawPicture(picture: Picture): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(width)} ${String(height)}" role="img">
<title>${picture.title}</title>
<style>text{font:12px sans-serif;fill:#757575}.title{font-size:14px;font-weight:bold}.grid{stroke:#808080;stroke-opacity:.3}.line{fill:none;stroke-width:1.4;stroke-linejoin:round}@media(prefers-color-scheme:light){text{fill:#333}}@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>
<text class="title" x="${String(frame.left)}" y="20">${picture.title}</text>
${drawLegend(picture)}
${drawAxes(picture)}
${picture.series.map((series) => drawSeries(picture, series)).join("\n")}
</svg>
`;
}
