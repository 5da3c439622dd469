import type { ClockStability, Publication } from "@meridian/engine";
import { Gauge } from "prom-client";
import { beforeEach, expect, test, vi } from "vitest";
import { Instruments } from "./instruments.js";

let instruments: Instruments;
let nowMs = 0;
beforeEach(() => {
  nowMs = 5000;
  instruments = new Instruments(() => nowMs);
});

const publication: Publication = {
  clock: "c",
  raw: 0,
  era: 0,
  state: "PhaseAligned",
  reason: "Locked",
  selected: "gm",
  offset: 1500,
  frequency: 20_000,
  pathDelay: 800,
  calibrated: 250,
  calibratedGrowth: 0,
  guaranteed: null,
  guaranteedGrowth: 0,
  rootSigma: null,
  rootTau: null,
  voidAfter: 8,
  sources: [{ link: "gm", state: "Healthy", reason: "", offsetFromConsensus: 0 }],
};
const samples = async (name: string): Promise<string[]> =>
  (await instruments.registry.metrics()).split("\n").filter((line) => line.startsWith(name));

test("publishes in base units", async () => {
  instruments.publish(publication);
  expect(await samples("meridian_clock_offset_seconds")).toEqual(["meridian_clock_offset_seconds 0.0000015"]);
  expect(await samples("meridian_clock_frequency_ratio")).toEqual(["meridian_clock_frequency_ratio 0.00002"]);
  expect(await samples("meridian_clock_path_delay_seconds")).toEqual(["meridian_clock_path_delay_seconds 8e-7"]);
});

test("shows how stable the clock was, and nothing of what is not known", async () => {
  let stability: ClockStability | null = null;
  instruments.observeStability(() => stability);
  for (const name of ["allan_deviation_ratio", "time_deviation_seconds", "mtie_seconds", "time_error_seconds"])
    expect(await samples(`meridian_clock_${name}`)).toEqual([]);
  stability = {
    seconds: 100,
    timeError: { mean: 1, rootMeanSquare: 20, largest: 300 },
    octaves: [
      { tau: 1, allanDeviation: 2e-9, timeDeviation: 5, maximumTimeIntervalError: 70, ptpVariance: 1e-17 },
      { tau: 16, allanDeviation: null, timeDeviation: null, maximumTimeIntervalError: 90, ptpVariance: null },
    ],
  };
  expect(await samples("meridian_clock_allan_deviation_ratio")).toEqual(['meridian_clock_allan_deviation_ratio{tau="1"} 2e-9']);
  expect(await samples("meridian_clock_time_deviation_seconds")).toEqual(['meridian_clock_time_deviation_seconds{tau="1"} 5e-9']);
  expect(await samples("meridian_clock_mtie_seconds")).toEqual([
    'meridian_clock_mtie_seconds{tau="1"} 7e-8',
    'meridian_clock_mtie_seconds{tau="16"} 9e-8',
  ]);
  expect(await samples("meridian_clock_time_error_seconds")).toEqual([
    'meridian_clock_time_error_seconds{statistic="mean"} 1e-9',
    'meridian_clock_time_error_seconds{statistic="rms"} 2e-8',
    'meridian_clock_time_error_seconds{statistic="largest"} 3e-7',
  ]);
});

test("says nothing of the clock before the engine has", async () => {
  for (const name of ["offset_seconds", "path_delay_seconds", "frequency_ratio", "bound_seconds", "state"])
    expect(await samples(`meridian_clock_${name}`)).toEqual([]);
});

test("who follows nobody has no offset, path delay or frequency error, also when there was one before", async () => {
  instruments.publish(publication);
  expect(await samples("meridian_clock_offset_seconds")).toHaveLength(1);
  instruments.publish({ ...publication, selected: null, offset: 0, pathDelay: 0, frequency: 0 });
  for (const name of ["offset_seconds", "path_delay_seconds", "frequency_ratio"])
    expect(await samples(`meridian_clock_${name}`)).toEqual([]);
  expect(await samples("meridian_clock_bound_seconds")).toHaveLength(1);
});

test("shows bounds as they have grown by the time of asking, and nothing of a publication whose life is over", async () => {
  instruments.publish({ ...publication, calibratedGrowth: 125, guaranteed: 1000, guaranteedGrowth: 500 });
  nowMs += 2000;
  expect(await samples("meridian_clock_bound_seconds")).toEqual([
    'meridian_clock_bound_seconds{bound="calibrated"} 5e-7',
    'meridian_clock_bound_seconds{bound="guaranteed"} 0.000002',
  ]);
  nowMs += 6001;
  expect(await samples("meridian_clock_bound_seconds")).toEqual([]);
  expect(await samples("meridian_clock_offset_seconds")).toEqual([]);
  expect(await samples("meridian_source_state{")).toEqual([]);
  expect((await samples("meridian_clock_state{")).filter((line) => line.endsWith(" 1"))).toEqual([
    'meridian_clock_state{state="Unknown"} 1',
  ]);
});

test("a publication costs nothing until somebody asks", () => {
  const set = vi.spyOn(Gauge.prototype, "set");
  instruments.publish(publication);
  expect(set).not.toHaveBeenCalled();
  set.mockRestore();
});

test("two readers at once are told the same", async () => {
  instruments.publish(publication);
  const [first, second] = await Promise.all([instruments.registry.metrics(), instruments.registry.metrics()]);
  expect(first).toBe(second);
});

test("a void bound is absent, also when there was one before", async () => {
  instruments.publish({ ...publication, guaranteed: 4000 });
  expect(await samples("meridian_clock_bound_seconds")).toHaveLength(2);
  instruments.publish(publication);
  expect(await samples("meridian_clock_bound_seconds")).toEqual(['meridian_clock_bound_seconds{bound="calibrated"} 2.5e-7']);
});

test("says 1 for the state that holds and 0 for the six others", async () => {
  instruments.publish(publication);
  instruments.publish({ ...publication, state: "Holdover" });
  const lines = await samples("meridian_clock_state{");
  expect(lines).toHaveLength(7);
  expect(lines.filter((line) => line.endsWith(" 1"))).toEqual(['meridian_clock_state{state="Holdover"} 1']);
});

test("a source that left is no longer there", async () => {
  instruments.publish(publication);
  expect(await samples("meridian_source_state{")).toEqual(['meridian_source_state{source="gm",state="Healthy"} 1']);
  instruments.publish({ ...publication, sources: [] });
  expect(await samples("meridian_source_state{")).toEqual([]);
});

test("counts drops by reason, failures by code, steps, and lost streams by code", async () => {
  instruments.countDropped("version");
  instruments.countDropped("version");
  instruments.countFailure("MER_AGENT_PORT_TAKEN");
  instruments.countStep();
  instruments.setConnected(true, "");
  instruments.setConnected(false, "MER_AGENT_HUB_LOST");
  expect(await samples("meridian_ptp_packets_dropped_total{")).toEqual(['meridian_ptp_packets_dropped_total{reason="version"} 2']);
  expect(await samples("meridian_host_failures_total{")).toEqual(['meridian_host_failures_total{code="MER_AGENT_PORT_TAKEN"} 1']);
  expect(await samples("meridian_clock_steps_total")).toEqual(["meridian_clock_steps_total 1"]);
  expect(await samples("meridian_hub_connected")).toEqual(["meridian_hub_connected 0"]);
  expect(await samples("meridian_hub_disconnects_total{")).toEqual(['meridian_hub_disconnects_total{code="MER_AGENT_HUB_LOST"} 1']);
});

test("shows the host's counts as they are at the time of asking", async () => {
  const counts = [1, 2, 3, 4, 5];
  instruments.observeHost(() => counts);
  expect(await samples("meridian_ptp_packets_received_total")).toEqual(["meridian_ptp_packets_received_total 1"]);
  counts[0] = 10;
  expect(await samples("meridian_ptp_packets_received_total")).toEqual(["meridian_ptp_packets_received_total 10"]);
  expect(await samples("meridian_host_send_errors_total")).toEqual(["meridian_host_send_errors_total 5"]);
});
