import { expect, it } from "vitest";
import { nodeClockEvents } from "./node-clock-events.js";

it.each([
  ["another source", { selectedUpstream: "gm-a" }, { selectedUpstream: "gm-b" }, ["follows gm-b instead of gm-a"]],
  ["a first source", {}, { selectedUpstream: "gm-b" }, ["follows gm-b"]],
  ["the same source", { selectedUpstream: "gm-a" }, { selectedUpstream: "gm-a" }, []],
  ["no source any more", { selectedUpstream: "gm-a" }, {}, []],
])("%s", (_what, standing, next, notes) => expect(nodeClockEvents(standing, next).map(({ note }) => note)).toEqual(notes));
