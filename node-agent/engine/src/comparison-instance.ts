/**
 * Another clock of this node as a source: no packets and no network, two readings of our own clock around one of the other. What the
 * readings took is the path, so a comparison is an exchange like any other: nothing is returned before it was asked for.
 */
import type { ComparisonConfig, EngineConfig } from "./engine-config.js";
import type { LinkConfig } from "./ensemble/contract.js";
import type { ClockId, RemoteState } from "./ensemble/measurement.js";
import type { HostEvent } from "./host.js";
import { linkOfSource } from "./link-of-source.js";
import type { InstanceSink } from "./receiver-instance.js";
import type { SourceSnapshot } from "./source-snapshot.js";
import { currentTaiMinusUtc } from "./time/leap-table.js";
import { type Raw, subtractInstants } from "./time/units.js";

/** A comparison costs microseconds; more often than that the filters learn nothing new, s. */
const interval = 1;
/** The first ones come quickly: they find the offset. */
const burst = 8;
const burstInterval = 1 / 16;
/** Reading a device takes as long on the way in as on the way out, give or take: of the floor of a reading, half may lie on one side. */
const readingAsymmetryShare = 0.5;

export class ComparisonInstance {
  readonly config: ComparisonConfig;
  readonly clock: ClockId;
  readonly grandmaster = null;
  readonly #scale: "UTC" | "TAI";
  #next: Raw;
  #made = 0;

  constructor(config: ComparisonConfig, engine: Pick<EngineConfig, "clock" | "clockScale">, at: Raw) {
    this.config = config;
    this.clock = engine.clock;
    this.#scale = engine.clockScale;
    this.#next = at;
  }

  compared({ before, instant, after, era }: Extract<HostEvent, { kind: "ClockCompared" }>, localEra: number, sink: InstanceSink): void {
    const shift = this.#labelOffset * 1e9;
    const common = {
      ...{ link: this.config.source, local: this.clock, localEra, remoteEra: era, stampClass: "user" as const, resolution: 1, hardMin: 0 },
      remoteState: this.#remoteState(),
    };
    const toRemote = subtractInstants(instant, before) + shift;
    const toLocal = subtractInstants(after, instant) - shift;
    sink.measure({ ...common, kind: "toRemote", at: before.raw, steering: before.steering, value: toRemote });
    sink.measure({ ...common, kind: "toLocal", at: after.raw, steering: after.steering, value: toLocal });
  }

  tick(at: Raw, sink: InstanceSink): void {
    if (at < this.#next) return;
    this.#next = at + (++this.#made < burst ? burstInterval : interval);
    sink.act({ kind: "CompareClock", reference: this.config.reference });
  }

  deadline(): Raw {
    return this.#next;
  }

  snapshot(): SourceSnapshot {
    const nothing = { grandmasterIdentity: null, clockClass: null, currentUtcOffset: null, currentUtcOffsetValid: false };
    return { source: this.config.source, portState: null, ...nothing, stepsRemoved: null, leap: null, ntp: null };
  }

  link(): LinkConfig {
    const { config, clock } = this;
    return linkOfSource(config, { clock, interval, asymmetryShare: readingAsymmetryShare, unstampedDelay: 0 });
  }

  #remoteState(): RemoteState {
    const { uncertainty, reference } = this.config;
    return {
      ...{
        scale: "UTC",
        taiMinusUtc: null,
        leap: null,
        rootHard: uncertainty,
        rootSigma: null,
        rootTau: null,
        rootSystematic: uncertainty,
      },
      ...{ path: [reference], stepsRemoved: 0, uncertain: false },
    };
  }

  /** Seconds to add to a reading of the other clock so that it reads in the local clock's scale. */
  get #labelOffset(): number {
    const { referenceScale } = this.config;
    if (referenceScale === this.#scale) return 0;
    return referenceScale === "TAI" ? -currentTaiMinusUtc() : currentTaiMinusUtc();
  }
}
