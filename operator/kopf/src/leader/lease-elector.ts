/**
 * Leader election over a Lease. Why two replicas never believe to lead at once:
 *
 * A leader counts its renewDeadline from before it sent the last renewal that succeeded. Another replica counts the record's
 * duration from when it first saw that renewal, which is later. Both count on their own monotonic clocks, and the deadline is
 * shorter than the duration, so the leader stops first. Every write names the resourceVersion that it was decided on; of two
 * writers one gets 409 and looks again.
 *
 * A Lease may be deleted at any time, also again and again. So nothing is concluded from its absence: a term begins by a write to
 * a record that has stood, in one and the same Lease, for a whole duration, in which nobody else can have renewed. A candidate that
 * finds no Lease leaves its leader half a duration to restore it, then reserves: creates it, and waits like for another's record.
 * A leader restores it and goes on, but its term lasts longer only once it has renewed what it restored; when that does not stand
 * until the next renewal either, the leader gives up at its deadline. While deletions go on nobody leads; a duration and a half
 * after the last one somebody does.
 *
 * An epoch never goes down in one Lease, unless it is one that cannot be (epoch.ts), nor for anybody who has seen it: what is created
 * has the highest epoch that its creator has seen, and a higher one is written only with the beginning of a term.
 *
 * What a lease cannot prevent:
 * - A write of the old leader that was in flight when its process was stopped arrives whenever the network delivers it.
 * - A replica that has never seen the Lease since its process began, and finds none, creates it and leads at once, as on the first
 *   installation. If the Lease was deleted under a leader at that moment there are two, until the old one looks (one retryPeriod) or,
 *   when it cannot, until its deadline; longer only if whoever deletes it goes on and lets each of them renew unseen by the other.
 * - An epoch goes with the Lease when the replica that leads next has not seen it, because the Lease was deleted too soon or it was
 *   cut off: it begins with an equal or a lower one, though never while the other leads. raiseEpoch() is for that.
 * - A record that somebody else forges counts as what it says: with an empty holder as given back, so that another begins while the
 *   leader has not looked yet; with an old state of the API server's storage as if renewals had not been. An epoch forged close to
 *   the highest possible one is the last (epoch.ts): terms then share it.
 * - A holder whose duration is longer than believed (observed-lease.ts) is not waited for.
 *
 * Term.epoch is for these. The monotonic clock must not stand still: on a machine that was suspended it did, and the others' did not.
 */
import type { KubeClient } from "../client/kube-client.js";
import type { Clock } from "../clock/clock.js";
import { sleep } from "../clock/sleep.js";
import { ApiError, codeOf, KopfError } from "../errors.js";
import type { Log } from "../log/log.js";
import type { Instruments } from "../metrics/metrics.js";
import { formatMicroTime } from "../object/micro-time.js";
import { type Claim, decideClaim } from "./decide-claim.js";
import { checkElection, jitterShare } from "./election-times.js";
import type { Elector } from "./elector.js";
import { isPossibleEpoch } from "./epoch.js";
import type { LeaderElectionOptions, Leadership } from "./leadership.js";
import { createLeadershipState } from "./leadership-state.js";
import type { Lease, LeaseSpec } from "./lease.js";
import { createLeaseAccess, type RequestLimit } from "./lease-access.js";
import { createOwnAnnotations } from "./own-annotations.js";
import { type Look, type ObservedLease, observeAbsence, observeLease, observeOwnTerm } from "./observed-lease.js";
import { createTroubleLog } from "./trouble-log.js";

export interface LeaseElectorOptions {
  readonly election: LeaderElectionOptions;
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly instruments: Instruments;
}

/** Of one round: as it was known, and again after somebody else was faster. */
const attemptsPerRound = 3;
const releaseLimitMs = 2_000;

/** Throws KOPF_CONFIG_INVALID. */
export function createLeaseElector({ client, clock, election, instruments, log, random }: LeaseElectorOptions): Elector {
  const { identity, name, namespace } = election;
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = checkElection(election);
  const access = createLeaseAccess(client, { name, namespace }, clock);
  const annotations = createOwnAnnotations(election, log);
  const trouble = createTroubleLog(name, log);
  const stopping = new AbortController();
  let observed: ObservedLease | undefined;
  let highestEpoch = 0;
  /** Monotonic milliseconds at which the running term ends unless it is renewed. */
  let validUntil = Number.NEGATIVE_INFINITY;
  let candidateFrom = Number.NEGATIVE_INFINITY;
  /** What raiseEpoch() wants; 0: nothing. */
  let askedEpoch = 0;
  let writes = 0;
  /** As last seen, while the Lease has one. */
  let impossibleEpoch: unknown;
  let cancelExpiry = (): void => {};
  let rounds: Promise<void> = Promise.resolve();
  let turn: Promise<unknown> = Promise.resolve();

  /** One exchange with the Lease at a time: each decides on what the last one saw. */
  const inTurn = <R>(action: () => Promise<R>): Promise<R> => {
    const result = turn.then(action);
    turn = result.catch(() => {});
    return result;
  };

  const state = createLeadershipState({
    name,
    log,
    measure: (leads) => instruments.leading.set({ name }, leads ? 1 : 0),
    raiseEpoch: (epoch) => inTurn(() => raise(epoch)),
  });

  const end = (reason: string): void => {
    cancelExpiry();
    validUntil = Number.NEGATIVE_INFINITY;
    state.end(reason);
  };

  const confirm = (): boolean => {
    if (state.term === null) return false;
    if (clock.now() < validUntil) return true;
    end(`not renewed within ${renewDeadlineMs} ms`);
    return false;
  };

  const leadership: Leadership = {
    // Also who only asks, and never waits for a signal, must not be told of a term that has run out.
    get term() {
      return confirm() ? state.term : null;
    },
    get holder() {
      return state.holder;
    },
    get annotations() {
      return state.annotations;
    },
    subscribe: (listener) => state.subscribe(listener),
    raiseEpoch: (epoch) => state.raiseEpoch(epoch),
  };

  /** A stalled API server must leave time for a second attempt, and no attempt outlasts the term. */
  const limit = (): RequestLimit => {
    const remainingMs = state.term === null ? renewDeadlineMs : Math.max(validUntil - clock.now(), 1);
    return { limitMs: Math.min(renewDeadlineMs / 2, remainingMs), signal: stopping.signal };
  };

  const lookNow = (): Look => ({ identity, now: clock.now(), ownDurationMs: leaseDurationMs });

  const see = (lease: Lease): void => {
    const before = observed?.holder;
    const transitions = lease.spec?.leaseTransitions ?? 0;
    if (isPossibleEpoch(transitions)) impossibleEpoch = undefined;
    else if (transitions !== impossibleEpoch) {
      impossibleEpoch = transitions;
      log.warn({ lease: name, epoch: transitions, goesOnFrom: highestEpoch }, "the lease has an epoch that cannot be");
    }
    observed = observeLease(observed, lease, lookNow());
    highestEpoch = Math.max(highestEpoch, observed.epoch);
    const { epoch, holder } = observed;
    if (holder === "" && holder !== before) log.info({ lease: name, epoch }, "the lease is free");
    else if (holder !== identity && holder !== before) log.info({ lease: name, holder, epoch }, "the lease has another holder");
    state.see(holder, observed.annotations);
  };

  const look = async (): Promise<boolean> => {
    const lease = await access.read(limit());
    if (lease !== undefined) see(lease);
    else observed = observeAbsence(observed, lookNow());
    return lease !== undefined;
  };

  const claim = async ({ epoch, kind }: Extract<Claim, { readonly epoch: number }>): Promise<void> => {
    const term = state.term;
    const sentAt = clock.now();
    const now = formatMicroTime(clock.date(), ++writes);
    const spec: LeaseSpec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      ...(term !== null && kind === "write" ? {} : { acquireTime: now }),
      renewTime: now,
      leaseTransitions: epoch,
    };
    // Who does not lead yet must not be looked for.
    const written = kind === "reserve" ? annotations.none() : annotations.now();
    if (kind === "write") see(await access.overwrite(observed?.resourceVersion ?? "", spec, written, limit()));
    else see(await access.create(spec, written, limit()));

    // An answer that took too long is as good as none: what it says may be over already.
    if (stopping.signal.aborted || clock.now() >= sentAt + renewDeadlineMs || state.term !== term) {
      confirm();
      return;
    }
    if (kind === "reserve" || (kind === "restore" && !confirm())) return;
    if (observed !== undefined) observed = observeOwnTerm(observed);
    if (kind !== "restore") validUntil = sentAt + renewDeadlineMs;
    cancelExpiry();
    cancelExpiry = clock.setTimer(() => void confirm(), validUntil - clock.now());
    if (term === null) state.begin(epoch);
    else state.raise(epoch);
  };

  /** Looks, decides, writes. @returns monotonic time before which there is nothing to do, if that is known */
  const attend = async (): Promise<number | undefined> => {
    // A leader wrote the record itself: a renewal is one request. Everybody else looks first.
    let exists = confirm() && observed?.holder === identity ? true : await look();
    for (let attempt = 1; ; attempt++) {
      confirm();
      if (state.term === null && clock.now() < candidateFrom) return candidateFrom;
      const ownEpoch = state.term === null ? null : Math.max(state.term.epoch, askedEpoch);
      const decision = decideClaim({ identity, ownEpoch, highestEpoch, observed, exists, now: clock.now() });
      switch (decision.kind) {
        case "wait":
          return decision.until;
        case "lost":
          end(decision.holder === "" ? "somebody gave the lease back" : `${decision.holder} holds the lease`);
          return undefined;
        case "create":
        case "reserve":
        case "restore":
        case "write":
          try {
            await claim(decision);
            return undefined;
          } catch (error) {
            const overtaken = error instanceof ApiError && (error.status === 409 || error.status === 404);
            if (!overtaken || attempt >= attemptsPerRound) throw error;
            exists = await look();
          }
      }
    }
  };

  const raise = async (epoch: number): Promise<boolean> => {
    if (!isPossibleEpoch(epoch) || !confirm()) return false;
    askedEpoch = epoch;
    try {
      if ((state.term?.epoch ?? 0) < epoch) await attend();
    } catch (err) {
      log.warn({ lease: name, epoch, code: codeOf(err), err }, "cannot raise the epoch");
    } finally {
      askedEpoch = 0;
    }
    return confirm() && (state.term?.epoch ?? 0) >= epoch;
  };

  const round = async (): Promise<void> => {
    let quietUntil: number | undefined;
    try {
      quietUntil = await inTurn(attend);
      trouble.report(undefined);
    } catch (error) {
      if (!stopping.signal.aborted) trouble.report(error);
    }
    // At most one period, also while another leads: it may give the lease back at any time.
    const spreadMs = random() * jitterShare * retryPeriodMs;
    const quietMs = quietUntil === undefined ? retryPeriodMs : Math.min(Math.max(quietUntil - clock.now(), 1), retryPeriodMs);
    await sleep(clock, quietMs + spreadMs, stopping.signal);
  };

  const release = async (): Promise<void> => {
    const releaseLimit = { limitMs: releaseLimitMs };
    try {
      for (let attempt = 1; ; attempt++) {
        // A record of ours that came too late to be a term must not tell others that nobody leads.
        if (observed?.holder !== identity || observed.othersUntil > clock.now()) return;
        // The shortest duration there is: who does not know what an empty holder means has not long to wait either.
        const spec: LeaseSpec = { holderIdentity: "", leaseDurationSeconds: 1, renewTime: formatMicroTime(clock.date(), ++writes) };
        try {
          return see(await access.overwrite(observed.resourceVersion, spec, annotations.none(), releaseLimit));
        } catch (error) {
          if (!(error instanceof ApiError && error.status === 409) || attempt >= attemptsPerRound) throw error;
          const lease = await access.read(releaseLimit);
          if (lease === undefined) return;
          see(lease);
        }
      }
    } catch (err) {
      log.warn({ lease: name, code: codeOf(err), err }, "cannot give the lease back: others wait until it runs out");
    }
  };

  return {
    leadership,
    confirm,
    start() {
      const run = async (): Promise<void> => {
        while (!stopping.signal.aborted) await round();
      };
      rounds = run();
    },
    resign(reason) {
      if (state.term === null) return;
      candidateFrom = clock.now() + leaseDurationMs;
      end(reason);
      void inTurn(release);
    },
    async stop({ release: givesBack }) {
      stopping.abort(new KopfError("KOPF_ABORTED", "the operator stops"));
      end("the operator stops");
      await rounds;
      if (givesBack) await inTurn(release);
      else if (observed?.holder === identity) log.warn({ lease: name }, "the lease is not given back: others wait until it runs out");
    },
  };
}
