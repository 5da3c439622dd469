/**
 * When a server is asked next: politely by default, quickly where the user allows it (RFC 5905 13, RFC 8633 4).
 *
 *   start, or back after a silence: one request; its answer begins a burst of eight, then the interval doubles up to the minimum
 *   answered eight times in a row: one step up, to the maximum at most
 *   three lost: back to the minimum; eight lost: unreachable, one step up per request
 *   RATE: one step up at once, and not down again for a while; DENY and RSTR: nothing for an hour, then two, … a day
 */
import type { Raw } from "../time/units.js";

/** log2 of s, minimum ≤ maximum. */
export interface PollLimits {
  readonly logMinPoll: number;
  readonly logMaxPoll: number;
}

export interface PollState {
  /** log2 of the present interval, s. Below the minimum while it comes up from the start. */
  readonly log: number;
  /** Of the interval at which it last answered; silence is judged by it. */
  readonly heardLog: number;
  /** Requests left of a burst. */
  readonly burst: number;
  /** The next good answer begins a burst. */
  readonly armed: boolean;
  /** Reachability register of RFC 5905 9.2, 8 bits: one per request, the newest lowest. */
  readonly reach: number;
  /** Requests since the last answer. */
  readonly unanswered: number;
  /** Requests in a row, each of which was answered before the next, at the present interval. */
  readonly steady: number;
  /** The server asked for that interval at least, until then. */
  readonly floor: { readonly log: number; readonly until: Raw } | null;
  /** When the last burst began, raw s. */
  readonly burstAt: Raw;
  /** Refusals in a row. */
  readonly denials: number;
  readonly next: Raw;
}

const burstRequests = 8;
/** A server whose time comes and goes is not asked in bursts more often, s. */
const betweenBursts = 60;
/**
 * Between requests of a burst: 1/16 s where the user polls every 4 s or faster, which no public server is asked for, so that a clock
 * is locked in half a second; else the 2 s that public servers allow (RFC 5905 13.1).
 */
const quickLog = -4;
const politeLog = 1;
const localLog = 2;

const stepUpAfter = 8;
const lostUntilMinimum = 3;
export const lostUntilUnreachable = 8;
/** RATE: beyond the user's maximum if it must be, but not beyond 1024 s; for 10 minutes and 16 requests at least. */
const slowestLog = 10;
const floorSeconds = 600;
const floorRequests = 16;
const firstDenialSeconds = 3600;
const longestDenialSeconds = 86_400;

export function startPoll(limits: PollLimits, at: Raw): PollState {
  const log = burstLog(limits);
  return {
    log,
    heardLog: log,
    burst: 0,
    armed: true,
    reach: 0,
    unanswered: 0,
    steady: 0,
    floor: null,
    burstAt: Number.NEGATIVE_INFINITY,
    denials: 0,
    next: at,
  };
}

function burstLog({ logMinPoll }: PollLimits): number {
  return logMinPoll <= localLog ? Math.min(quickLog, logMinPoll) : politeLog;
}

function leastLog({ logMinPoll }: PollLimits, { floor }: PollState, at: Raw): number {
  return floor !== null && at < floor.until ? Math.max(logMinPoll, floor.log) : logMinPoll;
}

/** A request goes out. `random` uniform in [0, 1): the interval varies by ±1/16, so that clients do not march in step. */
export function pollSent(limits: PollLimits, state: PollState, at: Raw, random: number): PollState {
  const reach = (state.reach << 1) & 0xff;
  const unanswered = state.unanswered + 1;
  const counted = { ...state, reach, unanswered, armed: state.armed || unanswered > lostUntilUnreachable };
  const spaced = { ...counted, ...nextInterval(limits, state, unanswered, at) };
  return { ...spaced, next: at + 2 ** spaced.log * (1 + (random - 0.5) / 8) };
}

function nextInterval(limits: PollLimits, state: PollState, unanswered: number, at: Raw): Pick<PollState, "log" | "burst" | "steady"> {
  const { log, burst } = state;
  const least = leastLog(limits, state, at);
  const most = Math.max(limits.logMaxPoll, least);
  const steady = state.unanswered === 0 ? state.steady + 1 : 0;
  if (burst > 0) return { log: burst > 1 ? log : Math.min(log + 1, least), burst: burst - 1, steady: 0 };
  if (log < least) return { log: log + 1, burst, steady: 0 };
  if (unanswered > lostUntilUnreachable) return { log: Math.min(log + 1, most), burst, steady: 0 };
  if (unanswered > lostUntilMinimum) return { log: least, burst, steady: 0 };
  if (steady > stepUpAfter && log < most) return { log: log + 1, burst, steady: 0 };
  return { log: Math.min(log, most), burst, steady };
}

/** A good answer came. */
export function pollAnswered(limits: PollLimits, state: PollState, at: Raw): PollState {
  const answered = { ...state, heardLog: state.log, reach: state.reach | 1, unanswered: 0, denials: 0 };
  if (!state.armed) return answered;
  if (at - state.burstAt < betweenBursts) return { ...answered, armed: false };
  const log = leastLog(limits, state, at) === limits.logMinPoll ? burstLog(limits) : state.log;
  // The one that was answered is the first of the burst.
  return {
    ...answered,
    log,
    heardLog: log,
    burst: burstRequests - 1,
    burstAt: at,
    armed: false,
    next: Math.min(state.next, at + 2 ** log),
  };
}

/** It answers, and says that it has no time: it is asked on at the minimum, and with a burst once it has. */
export function pollHeard(state: PollState): PollState {
  return { ...state, unanswered: 0, steady: 0, burst: 0, armed: true };
}

/** Kiss code RATE: "MUST immediately reduce its polling rate" (RFC 5905 7.4). */
export function pollRateLimited(limits: PollLimits, state: PollState, at: Raw): PollState {
  const most = Math.max(limits.logMaxPoll, slowestLog);
  const log = Math.min(most, Math.max(state.log, leastLog(limits, state, at)) + 1);
  const floor = { log, until: at + Math.max(floorSeconds, floorRequests * 2 ** log) };
  return { ...state, log, heardLog: log, burst: 0, armed: false, unanswered: 0, steady: 0, floor, next: at + 2 ** log };
}

/** Kiss codes DENY and RSTR: "MUST stop sending packets to that server" (RFC 5905 7.4); after an hour one request asks whether it still means it. */
export function pollDenied(limits: PollLimits, state: PollState, at: Raw): PollState {
  const wait = Math.min(firstDenialSeconds * 2 ** state.denials, longestDenialSeconds);
  const log = leastLog(limits, state, at);
  return { ...state, log, burst: 0, armed: true, reach: 0, unanswered: 0, steady: 0, denials: state.denials + 1, next: at + wait };
}

/** What was known of its time is void, by our own doing or our host's: asked at once and with a burst, unless it asked for peace. */
export function pollDisturbed(state: PollState, at: Raw): PollState {
  return state.denials > 0 || (state.floor !== null && at < state.floor.until)
    ? state
    : { ...state, armed: true, burst: 0, burstAt: Number.NEGATIVE_INFINITY, next: Math.min(state.next, at) };
}

/** The socket is new, the server the same: its wishes are kept, and it is not asked sooner than it was to be. */
export function pollReopened(state: PollState, at: Raw, asksAtOnce: boolean): PollState {
  return { ...state, next: asksAtOnce && state.denials === 0 ? at : Math.max(state.next, at) };
}
