/** Several links of one oscillator: equal ones, and ones of which some are worth little. */
import { exponential, linkDefaults, type SimulatedLink, type World } from "@meridian/engine/sim";

export interface LinkCase {
  readonly name: string;
  readonly world: World;
  /** All links alike, so many; null: unequal. */
  readonly equal: number | null;
}

/** Jitter ns, spacing s; packets of PTP, else exchanges of NTP. */
interface Kind {
  readonly jitter: number;
  readonly interval: number;
  readonly isPtp: boolean;
}

const microsecond: Kind = { jitter: 1000, interval: 1, isPtp: true };
const fast: Kind = { jitter: 100, interval: 1 / 16, isPtp: true };
const ntp: Kind = { jitter: 50_000, interval: 16, isPtp: false };

/** Random walk of the oscillator, ppb/√s, its first error, ppb, and the clock's, ns. */
const wander = 1;
const frequency = 1000;
const offset = 10_000;
/** Floors of the paths, ns. */
const ptpFloor = 1000;
const ntpFloor = 100_000;
const counts = [1, 2, 4, 8] as const;

const equalCases: readonly LinkCase[] = [
  { name: "1us_1s", kind: microsecond, duration: 3000 },
  { name: "100ns_16s", kind: fast, duration: 700 },
  { name: "ntp_50us_poll4", kind: ntp, duration: 20_000 },
].flatMap(({ name, kind, duration }) =>
  counts.map((count) => ({
    name: `${name}.${String(count)}`,
    world: makeWorld(
      duration,
      Array.from({ length: count }, () => kind),
    ),
    equal: count,
  })),
);

const unequalCases: readonly LinkCase[] = [
  { name: "ptp_and_ntp", kinds: [fast, ntp], duration: 1500 },
  { name: "ptp_and_three_ntp", kinds: [microsecond, ntp, ntp, ntp], duration: 4000 },
  { name: "jitter_1_3", kinds: [microsecond, { ...microsecond, jitter: 3000 }], duration: 3000 },
  { name: "jitter_1_10", kinds: [microsecond, { ...microsecond, jitter: 10_000 }], duration: 3000 },
  { name: "jitter_1_3_10", kinds: [microsecond, { ...microsecond, jitter: 3000 }, { ...microsecond, jitter: 10_000 }], duration: 3000 },
  { name: "one_slow", kinds: [microsecond, { ...microsecond, interval: 16 }], duration: 4000 },
].map(({ name, kinds, duration }) => ({ name, world: makeWorld(duration, kinds), equal: null }));

export const linkCases: readonly LinkCase[] = [...equalCases, ...unequalCases];

function makeWorld(duration: number, kinds: readonly Kind[]): World {
  return { duration, offset, oscillator: { frequency, wander }, links: kinds.map((kind, i) => makeLink(kind, i)) };
}

function makeLink({ jitter, interval, isPtp }: Kind, index: number): SimulatedLink {
  const law = exponential(isPtp ? ptpFloor : ntpFloor, jitter);
  return {
    ...{ config: { ...linkDefaults, id: `link${String(index)}`, interval }, interval },
    ...{ independentDirections: isPtp, toLocal: law, toRemote: law },
  };
}
