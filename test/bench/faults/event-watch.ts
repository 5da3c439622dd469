/**
 * Watches one fault. Until a packet that was on its way when it struck is handed over, no bound can be right: from that packet on both
 * are held to every look of a reader, ten times a second and after every packet.
 */
import type { Measurement, Publication, SourceStatus } from "@meridian/engine";
import type { Look } from "@meridian/engine/sim";
import type { EventResult, FaultEvent } from "./fault-event.js";

/** The usual is the largest of so many seconds before the fault. */
const usualSeconds = 60;
/** Within that of the usual an error has come back, and so has a bound. */
const recovery = 3;
/** A bound that is so much larger than the usual says something. */
const unusual = 1.5;
/** Packets that come faster than decisions make a bound larger by a sixteenth of itself; a large known offset is most of it. */
const headroom = 1 / 8;
/** s between looks, unless an event says otherwise. */
const usualStep = 0.1;

export class EventWatch {
  readonly #event: FaultEvent;
  readonly #step: number;
  #usualError = 0;
  /** Infinity: the bound was void. */
  #usualBound = 0;
  #said = "";
  #saying: { readonly publication: Publication | null; readonly text: string } = { publication: null, text: "" };
  #informed = false;
  #gapUncovered = false;
  #gapBegan = Number.NEGATIVE_INFINITY;
  #everUncovered = false;
  #worst = 0;
  #lastBad = Number.NEGATIVE_INFINITY;
  #lastLook = Number.NEGATIVE_INFINITY;
  #detected: number | null = null;
  #named: number | null = null;
  #packets = 0;
  #guaranteed = 0;
  #samples = 0;

  constructor(event: FaultEvent) {
    this.#event = event;
    this.#step = event.lookEvery ?? usualStep;
    this.#informed = event.quietInterval !== undefined;
  }

  /** When the next look is due, true s; Infinity: none is. */
  readsAfter(after: number): number {
    const { at, until } = this.#event;
    const next = Math.max(after + this.#step, at - usualSeconds);
    return next > until ? Number.POSITIVE_INFINITY : next;
  }

  look(look: Look): void {
    const { at, until, feltFrom = at } = this.#event;
    if (look.at < at - usualSeconds || look.at > until) return;
    if (look.at < at) return this.#learn(look);
    const { quietInterval = Number.POSITIVE_INFINITY } = this.#event;
    if (look.at - this.#gapBegan >= quietInterval) this.#endGap(look.at);
    const size = Math.abs(look.error);
    this.#worst = Math.max(this.#worst, size);
    this.#lastLook = look.at;
    this.#judgeBounds(look, size);
    const { calibrated } = look;
    if (this.#detected === null && (calibrated === null || calibrated > unusual * this.#usualBound || this.#read(look) !== this.#said))
      this.#detected = look.at - feltFrom;
    if (this.#named === null && look.publication?.sources.some((source) => source.link === this.#event.liar && isNamed(source)))
      this.#named = look.at - at;
    if (!this.#hasRecovered(look, size)) this.#lastBad = look.at;
  }

  /** After a packet was handed over. */
  heard({ link, kind }: Pick<Measurement, "link" | "kind">, look: Look): void {
    const { at, until, tellers, tellingDirection } = this.#event;
    if (look.at >= at && look.at <= until && (tellers?.includes(link) ?? true)) {
      this.#endGap(look.at);
      if (tellingDirection === undefined || kind === tellingDirection) this.#informed = true;
    }
    this.look(look);
  }

  result(): EventResult {
    this.#endGap(this.#lastLook);
    const { at, over = at, size, liar, excluded } = this.#event;
    const usual = Number.isFinite(this.#usualBound) ? this.#usualBound : 0;
    const hasEnded = this.#lastLook - this.#lastBad > 2 * this.#step;
    return {
      worst: this.#worst,
      expected: size + usual,
      mattered: this.#everUncovered || this.#worst > this.#usualBound,
      detected: this.#detected,
      ...(liar !== undefined && { named: this.#named }),
      ...(over !== null && { recovered: hasEnded ? Math.max(0, this.#lastBad - over) : null }),
      calibratedPackets: this.#packets,
      guaranteedSamples: this.#guaranteed,
      samples: this.#samples,
      ...(excluded && { excluded }),
    };
  }

  #learn(look: Look): void {
    this.#usualError = Math.max(this.#usualError, Math.abs(look.error));
    this.#usualBound = Math.max(this.#usualBound, look.calibrated ?? Number.POSITIVE_INFINITY);
    this.#said = this.#read(look);
  }

  #judgeBounds({ calibrated, guaranteed }: Look, size: number): void {
    const beyond = calibrated !== null && size > calibrated;
    const beyondProof = guaranteed !== null && size > guaranteed;
    if (beyond || beyondProof) this.#everUncovered = true;
    if (!this.#informed) return;
    this.#samples++;
    if (beyond) this.#gapUncovered = true;
    if (beyondProof) this.#guaranteed++;
  }

  #endGap(at: number): void {
    if (this.#gapUncovered) this.#packets++;
    this.#gapBegan = at;
    this.#gapUncovered = false;
  }

  /** A bound that is tight again has recovered although the clock is still on its way: how fast it may move is policy. */
  #hasRecovered({ calibrated, believed, publication }: Look, size: number): boolean {
    if (calibrated === null) return false;
    if (size <= recovery * this.#usualError) return true;
    // As it was published: until the next one it grows by what a slew may do that nobody ends.
    const published = publication?.calibrated ?? calibrated;
    return size <= calibrated && published <= (1 + headroom) * Math.abs(believed) + recovery * this.#usualBound;
  }

  /** State, reason, and what is thought of each source. */
  #read({ publication }: Look): string {
    if (publication !== this.#saying.publication) {
      const sources = publication?.sources.map(({ link, state, reason }) => `${link} ${state} ${reason}`) ?? [];
      this.#saying = { publication, text: [publication?.state, publication?.reason, ...sources].join() };
    }
    return this.#saying.text;
  }
}

/** Doubt is not yet a name, and who starts has not been judged. */
function isNamed({ state, reason }: SourceStatus): boolean {
  return state !== "Healthy" && state !== "Acquiring" && reason !== "InDoubt";
}
