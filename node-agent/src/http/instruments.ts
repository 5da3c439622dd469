/** The agent's metrics. Base units, bounded labels, absence instead of a sentinel. What a publication says is worked out when somebody asks. */
import { type ClockStability, type ClockState, clockStates, leapTable, type OctaveStability, type Publication } from "@meridian/engine";
import { Counter, Gauge, Registry } from "prom-client";
import { agePublication } from "../publication/age-publication.js";

/** The last publication, as it holds at the instant of asking. */
interface Snapshot {
  readonly publication: Publication;
  /** false: its life is over, nothing that it says of clock and sources is known any more. */
  readonly alive: boolean;
  readonly state: ClockState;
  /** ns; null: void. */
  readonly bounds: { readonly calibrated: number | null; readonly guaranteed: number | null };
  /** false: nothing is followed, so there is neither offset nor delay nor frequency error to tell. */
  readonly follows: boolean;
}

type Sample<Label extends string> = readonly [labels: Partial<Record<Label, string>>, value: number];

const scaled = (nanoseconds: number | null): number | null => (nanoseconds === null ? null : nanoseconds / 1e9);

export class Instruments {
  readonly registry = new Registry();
  readonly #now: () => number;
  #last: { readonly publication: Publication; readonly at: number } | null = null;
  readonly #connected = new Gauge({
    name: "meridian_hub_connected",
    help: "1 while the stream to the hub stands",
    registers: [this.registry],
  });
  readonly #dropped = this.#counter("meridian_ptp_packets_dropped_total", "Packets that were not used, by reason", ["reason"]);
  readonly #steps = this.#counter("meridian_clock_steps_total", "Times the clock was stepped", []);
  readonly #failures = this.#counter("meridian_host_failures_total", "Calls that the kernel refused, by code", ["code"]);
  readonly #interferences = this.#counter("meridian_clock_interferences_total", "Times somebody else changed the clock, by what they did", [
    "evidence",
  ]);
  readonly #disconnects = this.#counter("meridian_hub_disconnects_total", "Attempts and streams that failed, by code", ["code"]);

  /** @param now monotonic, ms */
  constructor(now: () => number) {
    this.#now = now;
    const followed = (name: string, help: string, read: (publication: Publication) => number): void =>
      this.#show(name, help, [], ({ follows, publication }) => (follows ? [[{}, read(publication)]] : []));
    followed(
      "meridian_clock_offset_seconds",
      "Estimated clock minus reference; absent while no source is followed",
      (it) => it.offset / 1e9,
    );
    followed(
      "meridian_clock_path_delay_seconds",
      "Delay of the path to the source; absent while none is followed",
      (it) => it.pathDelay / 1e9,
    );
    followed(
      "meridian_clock_frequency_ratio",
      "Frequency error of the free oscillator; absent while no source is followed",
      (it) => it.frequency / 1e9,
    );
    new Gauge({
      name: "meridian_leap_table_end_timestamp_seconds",
      help: "Until when this agent's table of leap seconds is complete, UTC",
      registers: [this.registry],
    }).set(leapTable.validUntil);
    this.#show("meridian_clock_bound_seconds", "Bound of the clock's error now; absent while void", ["bound"], ({ bounds }) =>
      Object.entries(bounds).flatMap(([bound, nanoseconds]) => (nanoseconds === null ? [] : [[{ bound }, nanoseconds / 1e9]])),
    );
    this.#show("meridian_clock_state", "1 for the clock's current state", ["state"], ({ state }) =>
      clockStates.map((word) => [{ state: word }, word === state ? 1 : 0]),
    );
    this.#show("meridian_source_state", "1 for each source's current state", ["source", "state"], ({ alive, publication: { sources } }) =>
      (alive ? sources : []).map(({ link, state }) => [{ source: link, state }, 1]),
    );
  }

  /** Kept until the next one; called at packet rate. */
  publish(publication: Publication): void {
    this.#last = { publication, at: this.#now() };
  }

  countDropped(reason: string): void {
    this.#dropped.inc({ reason });
  }

  countStep(): void {
    this.#steps.inc();
  }

  countInterference(evidence: string): void {
    this.#interferences.inc({ evidence });
  }

  countFailure(code: string): void {
    this.#failures.inc({ code });
  }

  setConnected(connected: boolean, code: string): void {
    this.#connected.set(connected ? 1 : 0);
    if (!connected) this.#disconnects.inc({ code });
  }

  /** Cumulative counts that the native module keeps. */
  observeHost(read: () => readonly number[]): void {
    const names = [
      ["meridian_ptp_packets_received_total", "Packets read from the sockets"],
      ["meridian_host_wakeups_total", "Times the event loop woke for a socket"],
      ["meridian_ptp_transmit_stamps_total", "Transmit time stamps received"],
      ["meridian_host_ring_drops_total", "Records lost because the agent was too slow"],
      ["meridian_host_send_errors_total", "Packets the kernel refused to send"],
    ] as const;
    names.forEach(([name, help], index) => {
      const counter: Counter = new Counter({
        name,
        help,
        registers: [this.registry],
        collect: () => (counter.reset(), counter.inc(read()[index] ?? 0)),
      });
    });
  }

  /** What voided the clock pages, as the native module counts it. */
  observeDisruptions(read: () => readonly number[]): void {
    const kinds = ["step", "suspend", "machine", "stall"] as const;
    const counter: Counter<"kind"> = new Counter({
      name: "meridian_clock_disruptions_total",
      help: "Steps of the clock by others, suspends of the host, disruptions that its hypervisor reported, and stalls of the agent above 1 s",
      labelNames: ["kind"],
      registers: [this.registry],
      collect: () => {
        counter.reset();
        kinds.forEach((kind, index) => counter.inc({ kind }, read()[index] ?? 0));
      },
    });
  }

  /** How stable the clock was; nothing while that is not known. Worked out when somebody asks. */
  observeStability(read: () => ClockStability | null): void {
    const show = (name: string, help: string, value: (octave: OctaveStability) => number | null): void => {
      const gauge: Gauge<"tau"> = new Gauge({
        name,
        help,
        labelNames: ["tau"],
        registers: [this.registry],
        collect: () => {
          gauge.reset();
          for (const octave of read()?.octaves ?? []) {
            const known = value(octave);
            if (known !== null) gauge.set({ tau: String(octave.tau) }, known);
          }
        },
      });
    };
    show("meridian_clock_allan_deviation_ratio", "Allan deviation of the free oscillator, tau in seconds", (it) => it.allanDeviation);
    show("meridian_clock_time_deviation_seconds", "TDEV of the published offset, tau in seconds", (it) => scaled(it.timeDeviation));
    show(
      "meridian_clock_mtie_seconds",
      "Maximum time interval error of the published offset within the last day or two, tau in seconds",
      (it) => scaled(it.maximumTimeIntervalError),
    );
    const gauge: Gauge<"statistic"> = new Gauge({
      name: "meridian_clock_time_error_seconds",
      help: "Time error of the published offset over a day: mean, rms, largest absolute value",
      labelNames: ["statistic"],
      registers: [this.registry],
      collect: () => {
        gauge.reset();
        const { timeError } = read() ?? {};
        if (timeError === undefined) return;
        gauge.set({ statistic: "mean" }, timeError.mean / 1e9);
        gauge.set({ statistic: "rms" }, timeError.rootMeanSquare / 1e9);
        gauge.set({ statistic: "largest" }, timeError.largest / 1e9);
      },
    });
  }

  /** Counts of the NTP server; nothing while there is none. */
  observeNtpServer(read: () => readonly number[] | null): void {
    const outcomes = ["answered", "interleaved", "not_allowed", "malformed", "rate_limited", "send_error"] as const;
    const counter: Counter<"outcome"> = new Counter({
      name: "meridian_ntp_server_requests_total",
      help: "Requests to this node's NTP server, by what became of them; interleaved ones are among the answered",
      labelNames: ["outcome"],
      registers: [this.registry],
      collect: () => {
        counter.reset();
        read()?.forEach((count, index) => counter.inc({ outcome: outcomes[index] ?? "send_error" }, count));
      },
    });
  }

  /** A gauge that is worked out anew for each reader; nothing at all before the first publication. */
  #show<Label extends string>(name: string, help: string, labelNames: Label[], read: (now: Snapshot) => Sample<Label>[]): void {
    const gauge: Gauge<Label> = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect: () => {
        gauge.reset();
        // Without labels reset() leaves a 0.
        if (labelNames.length === 0) gauge.remove();
        const now = this.#look();
        for (const [labels, value] of now === null ? [] : read(now)) gauge.set(labels, value);
      },
    });
  }

  #look(): Snapshot | null {
    if (this.#last === null) return null;
    const { publication, at } = this.#last;
    const { alive, calibrated, guaranteed } = agePublication(publication, (this.#now() - at) / 1e3);
    return {
      publication,
      alive,
      state: alive ? publication.state : "Unknown",
      bounds: { calibrated, guaranteed },
      follows: alive && publication.selected !== null,
    };
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }
}
