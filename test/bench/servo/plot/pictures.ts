/** What is drawn: worlds of the benchmark, one seed, Meridian with its bound and the peers in the same packets. */
import { Ensemble } from "@meridian/engine";
import { Simulation, type World } from "@meridian/engine/sim";
import { createPeer, type PeerName } from "../../peers/peers.js";
import { lockedFor } from "../holdover-worlds.js";
import { scenarios } from "../scenarios.js";
import type { Picture, Series } from "./picture.js";

export interface PictureOfWorld extends Omit<Picture, "series" | "xLabel" | "yLabel"> {
  /** Its file, without the ending. */
  readonly name: string;
  readonly scenario: string;
  readonly peers: readonly PeerName[];
  /** Errors after every event instead of at whole seconds: for what is over in seconds. */
  readonly isFine?: boolean;
  /** Second 0 of the picture, s of the world. */
  readonly origin: number;
}

const seed = 1;
const colours = { meridian: "#1f8f4e", chrony: "#d9822b", "ptp4l pi": "#c2417c", "ptp4l linreg": "#4a7fd6" };

export const pictures: readonly PictureOfWorld[] = [
  {
    name: "steady",
    title: "One packet a second, 1 µs of queueing: the clock and what it says of itself",
    scenario: "ptp.J1us.sync0",
    peers: ["chrony", "ptp4l linreg"],
    origin: 5000,
    x: [0, 600],
    y: [-1000, 1000],
    yScale: "linear",
  },
  {
    name: "start",
    title: "From 10 ms and 10 ppm, a burst of eight packets at the start",
    scenario: "lock.unicast.sync0",
    peers: ["ptp4l pi", "chrony"],
    isFine: true,
    origin: 0,
    x: [0, 30],
    y: [10, 1e8],
    yScale: "logarithmic",
  },
  {
    name: "holdover",
    title: "Sources silent from second 0, frequency swinging by ±100 ppb in 1,800 s",
    scenario: "holdover.sine",
    peers: ["chrony"],
    origin: lockedFor,
    x: [-200, 1000],
    y: [-100_000, 100_000],
    yScale: "linear",
  },
  {
    name: "route-change",
    title: "One direction becomes 20 µs slower at second 0",
    scenario: "route-change",
    peers: ["chrony", "ptp4l linreg"],
    origin: 4000,
    x: [-60, 240],
    y: [10, 1e5],
    yScale: "logarithmic",
  },
  {
    name: "frequency-step",
    title: "The oscillator jumps by 1 ppm at second 0",
    scenario: "frequency-step",
    peers: ["chrony", "ptp4l pi"],
    origin: 4000,
    x: [-20, 60],
    y: [10, 1e5],
    yScale: "logarithmic",
  },
];

/** Runs what it shows. @throws Error when it names no scenario */
export function recordPicture({ scenario, peers, isFine = false, origin, ...picture }: PictureOfWorld): Picture {
  const found = scenarios.find(({ name }) => name === scenario);
  if (found === undefined) throw new Error(`no scenario ${scenario}`);
  const world = { ...found.world, duration: origin + picture.x[1] };
  const ours = record(world, null, isFine, origin);
  const drawn: Series[] = [
    { name: "its calibrated bound", kind: "band", colour: colours.meridian, points: ours.bound },
    ...peers.map(
      (peer): Series => ({
        name: `${peer}, restated`,
        kind: "line",
        colour: colours[peer],
        points: record(world, peer, isFine, origin).error,
      }),
    ),
    { name: "Meridian", kind: "line", colour: colours.meridian, points: ours.error },
  ];
  return { ...picture, xLabel: "s", yLabel: picture.yScale === "linear" ? "local − true" : "|local − true|", series: drawn };
}

function record(
  world: World,
  peer: PeerName | null,
  isFine: boolean,
  origin: number,
): { error: Series["points"]; bound: Series["points"] } {
  const error: [number, number][] = [];
  const bound: [number, number | null][] = [];
  new Simulation(world, seed, peer === null ? (config, raw) => new Ensemble(config, raw) : createPeer[peer], {
    second(sample) {
      bound.push([sample.second - origin, sample.calibrated]);
      if (!isFine) error.push([sample.second - origin, sample.error]);
    },
    ...(isFine && { moved: (at: number, size: number) => void error.push([at - origin, size]) }),
  }).run();
  return { error, bound };
}
