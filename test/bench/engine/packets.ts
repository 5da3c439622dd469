/** Packets of one link, made before the clock of the benchmark runs: raw-frame values as a link filter takes them. */
import { createRandom, type DelayLaw } from "@meridian/engine/sim";

/** Spacing of exchanges, s; the second direction comes in the middle. */
const interval = 1 / 16;
/** Of the oscillator: free frequency, ppb, and the random walk of it, ppb/√s. */
const frequency = 12_000;
const wander = 1;

export interface ExchangeTrack {
  readonly interval: number;
  /** Raw time of the first packet of each exchange, s. */
  readonly at: Float64Array;
  readonly toLocal: Float64Array;
  readonly toRemote: Float64Array;
}

export function makeTrack(law: DelayLaw, exchanges: number, seed: number): ExchangeTrack {
  const random = createRandom(seed, 1);
  const [towardsLocal, towardsRemote] = [law(), law()];
  const track = { interval, at: new Float64Array(exchanges), toLocal: new Float64Array(exchanges), toRemote: new Float64Array(exchanges) };
  let [offset, rate] = [0, frequency];
  const half = interval / 2;
  for (let i = 0; i < exchanges; i++) {
    const at = 1000 + i * interval;
    track.at[i] = at;
    track.toLocal[i] = Math.round(offset + towardsLocal(random, at));
    offset += rate * half;
    track.toRemote[i] = Math.round(-offset + towardsRemote(random, at + half));
    offset += rate * half;
    rate += wander * Math.sqrt(interval) * random.normal();
  }
  return track;
}
