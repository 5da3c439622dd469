import type { EngineConfig } from "@meridian/engine";
import type { Applied } from "@meridian/proto";
import { beforeEach, expect, test } from "vitest";
import { AppliedAnswers, type Running } from "./applied-answers.js";

const running: Running = {
  revision: "r1",
  engine: {
    receivers: [],
    transmitters: [{ grandmaster: "g", timing: { port: "eth0" } }],
    associations: [],
    comparisons: [],
    ntpServer: null,
  } as unknown as EngineConfig,
  refused: [],
  ports: new Map(),
  silent: new Map(),
  notSteered: null,
  contested: null,
};
const silence = { code: "MER_AGENT_SYNC_STOPPED", message: "no Sync" } as const;

let told: Applied[];
let listens: boolean;
let answers: AppliedAnswers;
beforeEach(() => {
  told = [];
  listens = true;
  answers = new AppliedAnswers((applied) => listens && told.push(applied) > 0);
});
const failures = (): string[] =>
  told.map(({ parts = [] }) => parts?.flatMap(({ part, ok, code }) => (ok === true ? [] : [`${part} ${code}`])).join() ?? "");

test("tells what became of each part, again when that changes, and not otherwise", () => {
  answers.update(running);
  answers.update(running);
  expect(told[0]?.parts?.map(({ part, ok }) => [part, ok])).toEqual([
    ["serve/g", true],
    ["clock", true],
  ]);
  answers.update({ ...running, silent: new Map([["serve/g", silence]]) });
  answers.update({ ...running, notSteered: "read only" });
  expect(failures()).toEqual(["", "serve/g MER_AGENT_SYNC_STOPPED", "clock MER_AGENT_NOT_STEERABLE"]);
});

test("a clock that another program steers is told, and before that it could not be steered", () => {
  answers.update({ ...running, contested: "chronyd (pid 812) steers this clock", notSteered: "read only" });
  expect(failures()).toEqual(["clock MER_AGENT_CLOCK_CONTESTED"]);
});

test("what nobody heard is told again, and so is everything to a new listener", () => {
  listens = false;
  answers.update(running);
  listens = true;
  answers.update(running);
  answers.startAnew();
  answers.update(running);
  expect(told).toHaveLength(2);
});

test("a refusal stands until other orders are obeyed or another listens", () => {
  const refuse = () => answers.refuse("old", "MER_AGENT_STALE_EPOCH", "older");
  answers.update(running);
  refuse();
  answers.update({ ...running, notSteered: "read only" });
  expect(told.map(({ revision }) => revision)).toEqual(["r1", "old"]);
  expect(failures()[1]).toBe("config MER_AGENT_STALE_EPOCH");
  answers.accept();
  answers.update({ ...running, revision: "r2" });
  refuse();
  answers.startAnew();
  answers.update(running);
  expect(told.map(({ revision }) => revision)).toEqual(["r1", "old", "r2", "old", "r1"]);
});

test("tells thirty-two parts at most", () => {
  const part = { part: "ptp/x", ok: false, code: "MER_AGENT_PART_INVALID", message: "" };
  answers.update({ ...running, refused: Array.from({ length: 40 }, () => part) });
  expect(told[0]?.parts).toHaveLength(32);
});
