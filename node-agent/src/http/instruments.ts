/** The agent's metrics. Base units, bounded labels, absence instead of a sentinel; docs/reference/metrics.md lists them. */
import { type Publication, clockStates } from "@meridian/engine";
import { Counter, Gauge, Registry } from "prom-client";

export class Instruments {
  readonly registry = new Registry();
  readonly #offset = this.#gauge("meridian_clock_offset_seconds", "Estimated clock minus reference", []);
  readonly #bound = this.#gauge("meridian_clock_bound_seconds", "Bound of the clock's error; absent while void", ["bound"]);
  readonly #frequency = this.#gauge("meridian_clock_frequency_ratio", "Frequency error of the free oscillator", []);
  readonly #state = this.#gauge("meridian_clock_state", "1 for the clock's current state", ["state"]);
  readonly #source = this.#gauge("meridian_source_state", "1 for each source's current state", ["source", "state"]);
  readonly #connected = this.#gauge("meridian_hub_connected", "1 while the stream to the hub stands", []);
  readonly #dropped = this.#counter("meridian_ptp_packets_dropped_total", "Packets that were not used, by reason", ["reason"]);
  readonly #steps = this.#counter("meridian_clock_steps_total", "Times the clock was stepped", []);
  readonly #failures = this.#counter("meridian_host_failures_total", "Calls that the kernel refused, by code", ["code"]);
  readonly #disconnects = this.#counter("meridian_hub_disconnects_total", "Attempts and streams that failed, by code", ["code"]);

  publish({ offset, calibrated, guaranteed, frequency, state, sources }: Publication): void {
    this.#offset.set(offset / 1e9);
    this.#frequency.set(frequency / 1e9);
    this.#bound.reset();
    if (calibrated !== null) this.#bound.set({ bound: "calibrated" }, calibrated / 1e9);
    if (guaranteed !== null) this.#bound.set({ bound: "guaranteed" }, guaranteed / 1e9);
    for (const word of clockStates) this.#state.set({ state: word }, word === state ? 1 : 0);
    this.#source.reset();
    for (const source of sources) this.#source.set({ source: source.link, state: source.state }, 1);
  }

  countDropped(reason: string): void {
    this.#dropped.inc({ reason });
  }

  countStep(): void {
    this.#steps.inc();
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

  #gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }
}
