/**
 * Whom to believe. Proven intervals vote: whoever is disjoint from every majority segment is a falseticker. Whoever drifts
 * away from the largest agreeing set is a suspect. A watchdog's dissent is never voted away. Two that disagree: nobody is
 * named, unless our own oscillator is a witness to a jump.
 */
import type { Nanoseconds, Raw } from "../../time/units.js";
import { type Agreement, findAgreement } from "./agreement.js";
import { type Ballot, findMajority, isOutvoted } from "./majority.js";
import { PairDetector } from "./pair-detector.js";

/** A live source as the vote sees it, raw frame, ns. */
export interface Voter {
  readonly id: string;
  readonly group: string;
  readonly isWatchdog: boolean;
  readonly offset: Nanoseconds;
  readonly deviation: Nanoseconds;
  /** How long its error stays alike, s. */
  readonly errorTime: number;
  /** Its differences from others can be learnt. */
  readonly isSettled: boolean;
  /** Proven interval with the remote's own hard limit, a side of it may be open; null: nobody vouches for it, it does not vote. */
  readonly proof: { readonly low: Nanoseconds; readonly high: Nanoseconds } | null;
  /** Distance from what our own oscillator predicts from before the disagreement, in sigmas; null: no prediction. */
  readonly surprise: number | null;
}

export type Verdict = "interval" | "drift" | "witness";

interface Naming {
  readonly verdict: Verdict;
  readonly since: Raw;
  lastSeen: Raw;
}

const muteLimit = 30;
const readmission = 600;
/**
 * Who differs by so much or less, in sigmas, differs by noise, and is no farther from disagreeing than who differs by nothing. Slow
 * sources fall behind our oscillator together: without this the quick one that does not was the odd one out.
 */
const noiseStrain = 1.5;

export class SourceVote {
  /** Named liars. */
  readonly named = new Map<string, Naming>();
  /** Sources whose packets are not used for now; reversible. */
  muted: ReadonlySet<string> = new Set();
  /** They disagree and nobody can be named. */
  conflict = false;
  /** A jump is what they disagree about: our own oscillator may tell whose. */
  mayBeJump = false;
  /** The intervals themselves have no majority. */
  noMajority = false;
  watchdogDisagrees = false;
  /** A doubt that leaves no majority, or a watchdog's: what the majority proves may be wrong as well. */
  majorityInDoubt = false;
  /** Joins the calibrated bound, ns. */
  widening: Nanoseconds = 0;
  private readonly pairs = new Map<string, PairDetector>();
  private mutedSince: Raw | null = null;

  /** A source left the configuration. */
  remove(id: string): void {
    this.named.delete(id);
    for (const key of this.pairs.keys()) if (key.split("\n").includes(id)) this.pairs.delete(key);
  }

  /** A source's offset starts anew: what was learnt of its differences is void. */
  restart(id: string): void {
    for (const key of this.pairs.keys()) if (key.split("\n").includes(id)) this.pairs.delete(key);
  }

  pair(a: string, b: string): PairDetector {
    const key = a < b ? `${a}\n${b}` : `${b}\n${a}`;
    let pair = this.pairs.get(key);
    if (pair === undefined) {
      pair = new PairDetector();
      this.pairs.set(key, pair);
    }
    return pair;
  }

  /** Once per second. */
  tick(raw: Raw, voters: readonly Voter[]): void {
    this.voteByIntervals(raw, voters);
    const settled = voters.filter((voter) => voter.isSettled);
    for (const [i, a] of settled.entries())
      for (const b of settled.slice(i + 1)) {
        const difference = a.id < b.id ? a.offset - b.offset : b.offset - a.offset;
        this.pair(a.id, b.id).observe(raw, difference, Math.hypot(a.deviation, b.deviation), Math.max(a.errorTime, b.errorTime));
      }
    const candidates = voters.filter((voter) => this.named.get(voter.id)?.verdict !== "interval");
    this.widening = 0;
    this.conflict = this.noMajority;
    this.watchdogDisagrees = this.mayBeJump = this.majorityInDoubt = false;
    this.doubt(raw, candidates);
    this.hearWatchdogs(candidates);
    if (candidates.some((a) => candidates.some((b) => a !== b && this.alarmed(a, b)))) this.nameSuspects(raw, candidates);
    if (this.conflict || this.watchdogDisagrees) this.majorityInDoubt = true;
    this.readmit(raw, candidates);
  }

  private alarmed(a: Voter, b: Voter): boolean {
    return this.pair(a.id, b.id).alarm !== null;
  }

  private voteByIntervals(raw: Raw, voters: readonly Voter[]): void {
    const segments = findMajority(ballotsOf(voters));
    const trusted = ballotsOf(voters.filter((voter) => !this.named.has(voter.id)));
    this.noMajority = trusted.length > 1 && findMajority(trusted).length === 0;
    for (const voter of voters) if (voter.proof !== null && isOutvoted(voter.proof, segments)) this.name(voter.id, raw, "interval");
  }

  /** Reversible, before any name: the minority is muted, and the bound carries what may be a lie. */
  private doubt(raw: Raw, candidates: readonly Voter[]): void {
    const active = candidates.filter((voter) => !this.named.has(voter.id) && !voter.isWatchdog);
    for (const [i, a] of active.entries())
      for (const b of active.slice(i + 1)) {
        const pair = this.pair(a.id, b.id);
        if (pair.isDoubtful) this.widening = Math.max(this.widening, Math.abs(pair.deviation));
      }
    const doubtful = (a: Voter, b: Voter) => this.pair(a.id, b.id).isDoubtful;
    if (!active.some((a) => active.some((b) => a !== b && doubtful(a, b)))) {
      this.mutedSince = null;
      this.muted = new Set();
      return;
    }
    const { isMajority, members } = this.agree(active, doubtful);
    this.majorityInDoubt = !isMajority;
    // Without a majority the oscillator carries on alone while a jump is judged: not for a drift, it would drift by itself.
    const sudden = active.some((a) => active.some((b) => a !== b && this.pair(a.id, b.id).isSudden));
    if (sudden) this.mutedSince ??= raw;
    const waits = this.mutedSince !== null && raw - this.mutedSince < muteLimit;
    const muted = isMajority ? active.filter((voter) => !members.includes(voter)) : waits ? active : [];
    this.muted = new Set(muted.map((voter) => voter.id));
  }

  /** What a watchdog may be right about joins the bound as soon as it is suspected: it is slow to be sure. */
  private hearWatchdogs(candidates: readonly Voter[]): void {
    for (const watchdog of candidates.filter((voter) => voter.isWatchdog))
      for (const { id } of candidates.filter((voter) => !voter.isWatchdog && !this.named.has(voter.id))) {
        const pair = this.pair(watchdog.id, id);
        if (!pair.isDoubtful) continue;
        this.majorityInDoubt = true;
        this.widening = Math.max(this.widening, 1.25 * Math.abs(pair.deviation) + 2 * pair.deviationOfBlocks);
      }
  }

  /** Where several sets are as large, the one whose members are farthest from disagreeing. */
  private agree(voters: readonly Voter[], disagree: (a: Voter, b: Voter) => boolean): Agreement<Voter> {
    return findAgreement(voters, groupOf, disagree, (a, b) => Math.max(noiseStrain, this.pair(a.id, b.id).strain));
  }

  private nameSuspects(raw: Raw, candidates: readonly Voter[]): void {
    const disagree = (a: Voter, b: Voter) => this.alarmed(a, b);
    const agreement = findAgreement(candidates, groupOf, disagree);
    if (!agreement.isMajority) {
      // The first of its pairs to alarm: it is muted already, and the others will follow.
      if (!this.agree(candidates, disagree).isMajority) this.askWitness(raw, candidates);
      return;
    }
    for (const voter of candidates) {
      if (agreement.members.includes(voter)) continue;
      if (voter.isWatchdog) {
        this.watchdogDisagrees = true;
        continue;
      }
      // Two that lie together alarm pair by pair; an honest one must not be named first.
      const others = candidates.filter((other) => other !== voter);
      const against = new Set(others.filter((other) => disagree(voter, other)).map(groupOf)).size;
      if (2 * against > new Set(others.map(groupOf)).size) this.name(voter.id, raw, "drift");
    }
  }

  /** No majority: our own oscillator can tell who jumped, not who drifts. */
  private askWitness(raw: Raw, candidates: readonly Voter[]): void {
    const jumped = candidates.some((a) =>
      candidates.some(
        (b) => a !== b && this.alarmed(a, b) && this.pair(a.id, b.id).why === "jump" && raw - this.pair(a.id, b.id).onset < 30,
      ),
    );
    this.mayBeJump = jumped;
    if (jumped && candidates.every((voter) => voter.surprise !== null)) {
      const honest = candidates.filter((voter) => (voter.surprise ?? 0) < 4);
      const wrong = candidates.filter((voter) => (voter.surprise ?? 0) > 8);
      if (honest.length > 0 && wrong.length > 0 && honest.length + wrong.length === candidates.length)
        for (const voter of wrong) this.name(voter.id, raw, "witness");
    }
    const unnamed = candidates.filter((voter) => !this.named.has(voter.id));
    for (const [i, a] of unnamed.entries())
      for (const b of unnamed.slice(i + 1)) {
        if (!this.alarmed(a, b)) continue;
        this.conflict = true;
        this.widening = Math.max(this.widening, Math.abs(this.pair(a.id, b.id).deviation));
      }
  }

  private readmit(raw: Raw, candidates: readonly Voter[]): void {
    for (const [id, naming] of this.named) {
      const voter = candidates.find((candidate) => candidate.id === id);
      if (naming.verdict === "interval") {
        if (raw - naming.lastSeen > readmission) this.named.delete(id);
        continue;
      }
      if (voter === undefined) continue;
      const others = candidates.filter((other) => other !== voter && !this.named.has(other.id));
      if (others.some((other) => this.alarmed(voter, other))) naming.lastSeen = raw;
      else if (others.length > 0 && raw - naming.lastSeen > readmission) this.named.delete(id);
    }
  }

  private name(id: string, raw: Raw, verdict: Verdict): void {
    const naming = this.named.get(id);
    if (naming === undefined) this.named.set(id, { verdict, since: raw, lastSeen: raw });
    else naming.lastSeen = raw;
  }
}

function ballotsOf(voters: readonly Voter[]): Ballot[] {
  const ballots: Ballot[] = [];
  for (const { group, proof } of voters) if (proof !== null) ballots.push({ group, low: proof.low, high: proof.high });
  return ballots;
}

function groupOf(voter: Voter): string {
  return voter.group;
}
