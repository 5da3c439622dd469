/**
 * Faults at random for as long as wanted, several at a time, while objects change; the operator's clock runs fast, so that
 * its time limits are met within the soak. Restores from a backup are not among them: a storage that is written to meanwhile may
 * catch up before anybody looked, and cannot be told then from one that never went back. The seed decides what happens; the machine decides when exactly.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { answer, createHastyClock, drip, type Fault, hangUp, hangUpAfter, refuse, stall, stallAfter } from "kopf-ts/testing";
import { FaultTrial } from "./fault-trial.js";
import type { FaultOutcome } from "./outcome.js";

export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
}

/** 130 s of silence are 2 s. */
const speed = 60;
const changeEveryMs = 20;
const convergeSeconds = 30;

type Inflict = (trial: FaultTrial, random: () => number) => void | Promise<void>;

const oneOf = <T>(random: () => number, values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;

const requestKinds = [/watch=true/, /limit=/, /^PATCH/, /sendInitialEvents/];
/** To a write this would say that it was done: no client can know better. */
const emptyObject: Fault = (request, response) =>
  (request.method === "GET" ? answer(200, "application/json", "{}") : refuse(500, "InternalError"))(request, response);

const answers = [
  ...[400, 401, 403, 404, 410, 422, 429, 500, 502, 503, 504].map((status) => refuse(status, "Soaked")),
  ...[refuse(429, "TooManyRequests", 5), refuse(503, "ServiceUnavailable", 2)],
  ...[hangUp, stall, stallAfter('{"type":"ADD'), hangUpAfter('{"items":[{'), drip('{"type":"ADDED","object":', 100)],
  ...[answer(200, "text/html", "<h1>Sign in</h1>\n"), emptyObject, answer(200, "application/json", "")],
];

/** Leave the operator waiting for a time limit, and other faults nobody to meet. */
const silences: readonly Inflict[] = [
  ({ server }) => server.watches.freeze(),
  ({ server }) => server.writeRaw('{"type":"MODIFIED","object":{"meta'),
];

const repeatThePast: Inflict = ({ server }) => {
  for (const { line } of server.storage.history.slice(-20)) server.writeRaw(line);
};

const menu: readonly Inflict[] = [
  ({ server }, random) => {
    for (let times = 1 + Math.floor(random() * 6); times > 0; times--) server.failNext(oneOf(random, requestKinds), oneOf(random, answers));
  },
  ({ server }) => server.resetWatches(),
  ({ server }) => server.endWatches(),
  (trial, random) => oneOf(random, [...silences, repeatThePast, repeatThePast])(trial, random),
  ({ server }) => server.compact(),
  ({ server }) => server.writeRaw("garbage\n"),
  ({ server }) => {
    server.streamingList = !server.streamingList;
  },
  async ({ server }, random) => {
    server.watches.hold();
    await sleep(random() * 200);
    server.watches.release((changes) => oneOf(random, [[...changes].reverse(), [...changes, ...changes]]));
  },
  repeatThePast,
  async ({ server }, random) => {
    await server.refuseConnections();
    await sleep(random() * 1_000);
    await server.acceptConnections();
  },
  async (trial, random) => {
    const token = `token-${String(random())}`;
    trial.server.tokens = new Set([token]);
    trial.server.resetWatches();
    await sleep(random() * 500);
    trial.rotateToken(token);
  },
  async (trial) => {
    trial.trust(await trial.changeAuthority());
    trial.server.resetWatches();
  },
];

export async function runSoak({ seconds, seed }: SoakOptions): Promise<FaultOutcome> {
  const random = seededRandom(seed);
  const trial = await FaultTrial.start({ clock: createHastyClock(speed) });
  const startedAt = performance.now();
  let [faults, changes] = [0, 0];
  const complaints: string[] = [];
  try {
    trial.server.pageSize = 7;
    const changer = setInterval(() => {
      changeOne(trial, random);
      changes += 1;
    }, changeEveryMs);
    while (performance.now() - startedAt < seconds * 1000) {
      await oneOf(random, menu)(trial, random);
      faults += 1;
      await sleep(random() * 300);
    }
    clearInterval(changer);
    trial.server.forgetFaults();
    const wellAt = performance.now();
    const recovered = await trial.converge(convergeSeconds);
    const recoverSeconds = recovered ? (performance.now() - wellAt) / 1000 : null;
    if (!recovered) complaints.push(...trial.disagreements.slice(0, 3));
    trial.server.put("later", { size: 1 });
    if (recovered && !(await trial.converge(convergeSeconds))) complaints.push("a later change did not arrive");
    complaints.push(...trial.witness.violations.slice(0, 3));
    const told = `seed ${String(seed)}, ${String(faults)} faults and ${String(changes)} changes in ${String(seconds)} s at ${String(speed)}× the clock, ${String(trial.interruptions())} interruptions, ${String(trial.snapshots)} snapshots`;
    return { fault: "soak", ok: complaints.length === 0, recoverSeconds, detail: [told, ...complaints].join("; ") };
  } finally {
    await trial.close();
  }
}

function changeOne({ server }: FaultTrial, random: () => number): void {
  const name = `w${String(Math.floor(random() * 30))}`;
  if (random() < 0.2) server.remove(name);
  else server.put(name, { size: Math.floor(random() * 1e6) });
}

/** Mulberry32: small, fast, and the same everywhere. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
