/** What is told of a scenario: the worst of all its events, and how many missed what they were held to. */
import { type Figure, roundFigure, summarizeFigure } from "../figure.js";
import type { EventResult } from "./fault-event.js";
import type { FaultScenario } from "./fault-scenario.js";

/** Packets after information exists in which the calibrated bound may be wrong. */
const packetsAllowed = 3;

type About = Pick<Figure, "unit" | "target">;

const isNumber = (value: number | null | undefined): value is number => typeof value === "number";
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** @param events at least one. @param metric prefix of the names */
export function figuresOf(
  scenario: Pick<FaultScenario, "detectWithin" | "nameWithin" | "recoverWithin">,
  metric: string,
  events: readonly EventResult[],
): Figure[] {
  const worst = (what: string, about: About, values: readonly number[]): Figure[] => {
    if (values.length === 0) return [];
    const figure = summarizeFigure({ metric: `${metric}.${what}`, ...about }, values);
    return [{ ...figure, value: figure.spread[1] }];
  };
  const total = (what: string, unit: string, values: readonly number[]): Figure[] => {
    if (values.length === 0) return [];
    return [{ ...summarizeFigure({ metric: `${metric}.${what}`, unit, target: 0 }, values), value: roundFigure(sum(values)) }];
  };
  const count = (what: string, unit: string, from: readonly EventResult[], counts: (event: EventResult) => boolean): Figure[] =>
    total(
      what,
      unit,
      from.map((event) => (counts(event) ? 1 : 0)),
    );
  const honest = events.filter(({ excluded }) => excluded === undefined);
  const excluded = events.filter((event) => event.excluded !== undefined);
  const mattering = events.filter(({ mattered }) => mattered);
  const ending = events.filter(({ recovered }) => recovered !== undefined);
  const nameable = events.filter(({ named }) => named !== undefined);
  const reasons = [...new Set(excluded.map((event) => event.excluded))].join(", ");
  const packets = (from: readonly EventResult[]) => from.map(({ calibratedPackets }) => calibratedPackets);
  const samples = (from: readonly EventResult[]) => from.map(({ guaranteedSamples }) => guaranteedSamples);
  return [
    ...worst(
      "worst_error",
      { unit: "ns", target: roundFigure(Math.max(...events.map(({ expected }) => expected))) },
      events.map((event) => event.worst),
    ),
    ...worst("calibrated_uncovered_packets", { unit: "packets", target: packetsAllowed }, packets(honest)),
    ...count("calibrated_uncovered_events", "events", honest, ({ calibratedPackets }) => calibratedPackets > packetsAllowed),
    ...total("guaranteed_uncovered", "samples", samples(honest)),
    ...worst("excluded.calibrated_uncovered_packets", { unit: `packets (${reasons})`, target: packetsAllowed }, packets(excluded)),
    ...total("excluded.guaranteed_uncovered", `samples (${reasons})`, samples(excluded)),
    ...worst("detect", { unit: "s", target: scenario.detectWithin }, mattering.map(({ detected }) => detected).filter(isNumber)),
    ...count("undetected", "events", mattering, ({ detected }) => detected === null),
    ...worst("name", { unit: "s", target: scenario.nameWithin }, nameable.map(({ named }) => named).filter(isNumber)),
    ...count("unnamed", "events", nameable, ({ named }) => named === null),
    ...worst("recover", { unit: "s", target: scenario.recoverWithin }, ending.map(({ recovered }) => recovered).filter(isNumber)),
    ...count("unrecovered", "events", ending, ({ recovered }) => recovered === null),
  ];
}
