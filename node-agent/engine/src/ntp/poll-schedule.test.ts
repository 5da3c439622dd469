import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type PollLimits,
  type PollState,
  pollAnswered,
  pollDenied,
  pollHeard,
  pollRateLimited,
  pollSent,
  startPoll,
} from "./poll-schedule.js";

/** Gaps between requests, s, of a server that answers those whose number `answers`. */
function gapsOf(limits: PollLimits, count: number, answers: (request: number) => boolean, state = startPoll(limits, 0)): number[] {
  const gaps: number[] = [];
  let now = state;
  for (let i = 0; i < count; i++) {
    const at = now.next;
    now = pollSent(limits, now, at, 0.5);
    if (answers(i)) now = pollAnswered(limits, now, at + 0.01);
    gaps.push(now.next - at);
  }
  return gaps.map((gap) => Math.round(gap * 1000) / 1000);
}

const always = () => true;
const never = () => false;

describe("the start", () => {
  it("asks a public server eight times, 2 s apart, and then less and less until the minimum", () => {
    expect(gapsOf({ logMinPoll: 6, logMaxPoll: 6 }, 14, always)).toEqual([2.01, 2, 2, 2, 2, 2, 2, 4, 8, 16, 32, 64, 64, 64]);
  });

  it("asks a server that may be asked every second eight times in half a second", () => {
    const gaps = gapsOf({ logMinPoll: 0, logMaxPoll: 0 }, 14, always);
    expect(gaps.slice(0, 7).reduce((sum, gap) => sum + gap, 0)).toBeLessThan(0.5);
    expect(gaps.slice(7)).toEqual([0.125, 0.25, 0.5, 1, 1, 1, 1]);
  });

  it("sends no burst to who does not answer", () => {
    expect(gapsOf({ logMinPoll: 6, logMaxPoll: 10 }, 14, never)).toEqual([4, 8, 16, 32, 64, 64, 64, 64, 128, 256, 512, 1024, 1024, 1024]);
  });

  it("never asks faster than a poll of 1/16 s, or than the user's own", () => {
    expect(Math.min(...gapsOf({ logMinPoll: -4, logMaxPoll: -4 }, 20, always))).toBe(0.063);
  });
});

describe("the interval", () => {
  it("goes up by one after eight answers in a row, to the maximum", () => {
    const gaps = gapsOf({ logMinPoll: 6, logMaxPoll: 8 }, 50, always);
    expect(new Set(gaps.slice(-10))).toEqual(new Set([256]));
    expect(gaps.filter((gap) => gap === 128)).toHaveLength(9);
  });

  it("goes back to the minimum when three are lost, and the burst is for who was silent longer", () => {
    const gaps = gapsOf({ logMinPoll: 4, logMaxPoll: 10 }, 70, (i) => i < 60 || i > 64);
    expect(gaps[60]).toBeGreaterThan(64);
    expect(gaps[64]).toBe(16);
    expect(gaps.at(-1)).toBe(16);
  });

  it("begins with a burst again after a silence", () => {
    const gaps = gapsOf({ logMinPoll: 6, logMaxPoll: 10 }, 50, (i) => i < 20 || i > 30);
    expect(gaps.slice(31, 38)).toEqual([2.01, 2, 2, 2, 2, 2, 2]);
  });

  it("varies by a sixteenth with what is drawn", () => {
    const limits = { logMinPoll: 6, logMaxPoll: 6 };
    const settled: PollState = { ...startPoll(limits, 0), log: 6, armed: false };
    expect(pollSent(limits, settled, 0, 0).next).toBe(60);
    expect(pollSent(limits, settled, 0, 0.999_999_999).next).toBeCloseTo(68, 5);
  });

  it("is the minimum for a server that answers and has no time, and a burst is in store for when it has", () => {
    const limits = { logMinPoll: 6, logMaxPoll: 10 };
    let state = startPoll(limits, 0);
    for (let i = 0; i < 40; i++) state = pollHeard(pollSent(limits, state, state.next, 0.5));
    expect(state).toMatchObject({ log: 6, reach: 0, armed: true });
  });
});

describe("what the server wishes", () => {
  const limits = { logMinPoll: 4, logMaxPoll: 6 };
  const settled: PollState = { ...startPoll(limits, 0), log: 4, armed: false };

  it("RATE: twice as slow at once, beyond the user's maximum if need be, not beyond 1024 s", () => {
    let state = settled;
    const logs: number[] = [];
    for (let i = 0; i < 8; i++) {
      state = pollRateLimited(limits, state, i);
      logs.push(state.log);
    }
    expect(logs).toEqual([5, 6, 7, 8, 9, 10, 10, 10]);
    expect(state.next).toBe(7 + 1024);
  });

  it("RATE holds for ten minutes and sixteen requests, even through a silence, and then the user's limits do again", () => {
    let state = pollRateLimited(limits, settled, 0);
    const gaps: number[] = [];
    for (let i = 0; i < 60; i++) {
      const at = state.next;
      state = pollSent(limits, state, at, 0.5);
      if (i < 4 || i > 12) state = pollAnswered(limits, state, at);
      if (at < 600) gaps.push(state.next - at);
    }
    expect(Math.min(...gaps)).toBe(32);
    expect(pollRateLimited(limits, { ...settled, log: 8 }, 0).floor?.until).toBe(16 * 512);
    expect(state.log).toBeLessThanOrEqual(6);
  });

  it("DENY: an hour, two, four … a day", () => {
    let state = settled;
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      state = pollDenied(limits, state, 1000);
      waits.push((state.next - 1000) / 3600);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 24, 24]);
    expect(pollAnswered(limits, state, 0).denials).toBe(0);
  });
});

it("a server whose time comes and goes gets one burst a minute", () => {
  const limits = { logMinPoll: 4, logMaxPoll: 4 };
  let state = startPoll(limits, 0);
  const times: number[] = [];
  while (state.next < 120) {
    const at = state.next;
    times.push(at);
    state = pollSent(limits, state, at, 0.5);
    state = times.length % 2 === 0 ? pollHeard(state) : pollAnswered(limits, state, at + 0.01);
  }
  expect(times.length).toBeLessThan(2 * 8 + 120 / 4);
  expect(times.filter((at) => at > 20 && at < 60).length).toBeLessThan(8);
});

it("whatever happens, it asks again, within limits, and never more than 9 times in any 16 s of a public server", () => {
  const happening = fc.constantFrom("answer", "nothing", "nothing", "heard", "rate", "deny");
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 200 }), fc.integer({ min: 3, max: 8 }), (happenings, logMinPoll) => {
      const limits = { logMinPoll, logMaxPoll: 10 };
      let state = startPoll(limits, 0);
      const times: number[] = [];
      for (const what of happenings) {
        const at = state.next;
        times.push(at);
        state = pollSent(limits, state, at, 0.5);
        if (what === "answer") state = pollAnswered(limits, state, at + 0.05);
        else if (what === "heard") state = pollHeard(state);
        else if (what === "rate") state = pollRateLimited(limits, state, at + 0.05);
        else if (what === "deny") state = pollDenied(limits, state, at + 0.05);
        expect(state.next).toBeGreaterThan(at);
        expect(state.next - at).toBeLessThanOrEqual(86_401);
        expect(state.reach).toBeGreaterThanOrEqual(0);
        expect(state.reach).toBeLessThanOrEqual(255);
      }
      for (let i = 9; i < times.length; i++) expect((times[i] ?? 0) - (times[i - 9] ?? 0)).toBeGreaterThanOrEqual(16);
    }),
    { numRuns: 1000 },
  );
});
