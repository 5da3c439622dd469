/** Any sequence of changes and faults, in simulated time: the reflector never stops, and the store never lies. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createInstruments, noMetrics } from "../metrics/metrics.js";
import { createManualClock } from "../testing/manual-clock.js";
import { MemoryApiServer, type Refusal } from "../testing/memory-api-server.js";
import { createRecordingLog } from "../testing/recording-log.js";
import { StoreWitness } from "../testing/store-witness.js";
import { WidgetStorage, withoutManagers } from "../testing/widget-storage.js";
import { type Widget, Widgets } from "../testing/widgets.js";
import { defaultWatchLimits, fillStore } from "./fill-store.js";
import { ObjectStore } from "./object-store.js";

async function startTrial() {
  const clock = createManualClock();
  const storage = new WidgetStorage();
  const server = new MemoryApiServer(storage, clock);
  const log = createRecordingLog();
  const store = new ObjectStore<Widget>(Widgets, { log, instruments: createInstruments(noMetrics()) });
  const witness = new StoreWitness(store, storage);
  const stop = new AbortController();
  const options = { transport: server, clock, random: () => 0.5, log, limits: defaultWatchLimits };
  const running = fillStore(store, options, stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await clock.advance(0);
    await running;
  };
  return { clock, storage, server, store, witness, end };
}
type Trial = Awaited<ReturnType<typeof startTrial>>;

type Step = { readonly about: string; readonly run: (trial: Trial) => void | Promise<void> };
const step = (about: string, run: Step["run"]): Step => ({ about, run, toString: () => about }) as Step;

const names = fc.constantFrom("a", "b", "c", "d", "e");
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(names, fc.nat(9))
      .map(([name, size]) => step(`put ${name}`, ({ storage }) => void storage.put(name, { spec: { size } }))),
  },
  { weight: 3, arbitrary: names.map((name) => step(`remove ${name}`, ({ storage }) => storage.remove(name))) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(1, 100, 5_000, 31_000, 140_000).map((ms) => step(`wait ${ms}`, ({ clock }) => clock.advance(ms))),
  },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom<Refusal>(
        ...[404, 410, 422, 429, 500, 503, 504].map((status) => ({ kind: "status", status }) as const),
        { kind: "status", status: 429, retryAfterMs: 20_000 },
        { kind: "cut" },
        { kind: "stall" },
      )
      .map((refusal) => step(`refuse ${JSON.stringify(refusal)}`, ({ server }) => void server.refusals.push(refusal))),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      step("compact", ({ storage }) => storage.compact()),
      step("bookmark", ({ server }) => server.bookmark()),
      step("cut", ({ server }) => server.cut()),
      step("end", ({ server }) => server.end()),
      step("freeze", ({ server }) => server.freeze()),
      step("half a line", ({ server }) => (server.writeRaw('{"type":"ADDED","object":{"metad'), server.end())),
      step("garbage", ({ server }) => server.writeRaw("<html>\n")),
      step("streaming off", ({ server }) => void (server.streamingList = false)),
      step("streaming on", ({ server }) => void (server.streamingList = true)),
      step("hold", ({ server }) => server.hold()),
      step("release reversed", ({ server }) => server.release((changes) => [...changes].reverse())),
      step("release twice", ({ server }) => server.release((changes) => [...changes, ...changes])),
      step("repeat the past", ({ server, storage }) => {
        for (const { line } of storage.history.slice(-4)) server.writeRaw(line);
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(4).map((further) =>
      step(`restore after ${further} changes`, async ({ clock, server, storage }) => {
        const backup = storage.backUp();
        for (let change = 0; change < further; change++) storage.put("a", { spec: { size: change } });
        await clock.advance(100);
        storage.restore(backup);
        server.refusals.length = 0;
        server.release(() => []); // what was under way is lost with its connections
        server.cut();
        // A storage that caught up before anybody looked could not be told from one that never went back.
        await clock.advance(40_000);
      }),
    ),
  },
);

async function settleTrial({ clock, server, storage, store, witness }: Trial): Promise<void> {
  server.refusals.length = 0;
  server.release();
  await clock.advance(600_000);
  witness.audit();
  expect(witness.violations).toEqual([]);
  expect(witness.differences(storage.list().map(withoutManagers))).toEqual([]);
  storage.put("later", { spec: { size: 1 } });
  await clock.advance(300_000);
  expect(store.get("ns/later")?.spec?.size).toBe(1);
  expect(witness.violations).toEqual([]);
}

describe("a filled store", () => {
  it("tells the truth and nothing else through any sequence of faults, and hears of what happens afterwards", {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 25 }), async (steps) => {
        const trial = await startTrial();
        try {
          for (const { run } of steps) await run(trial);
          await settleTrial(trial);
        } finally {
          await trial.end();
        }
      }),
      { numRuns: 2_000, interruptAfterTimeLimit: 9_000 },
    );
  });
});
