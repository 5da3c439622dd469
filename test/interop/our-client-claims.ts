/** What is claimed of our clients on a peer's server: they lock, and true time never leaves either bound. */
import { setTimeout as sleep } from "node:timers/promises";
import { TruthReader } from "@meridian/native";
import { truthReading } from "@meridian/native/layout";
import type { Claims } from "../demo/claims.js";
import type { OurClient, Parties } from "./parties.js";

const lockTimeoutMs = 60_000;
const watchMs = 20_000;
const sampleMs = 50;

interface Watched {
  readonly client: OurClient;
  readonly reader: TruthReader;
  readonly errors: number[];
  /** Largest share of each bound that the error took. */
  calibrated: number;
  guaranteed: number;
  voids: number;
}

export async function watchOurClients(parties: Parties, claims: Claims): Promise<void> {
  for (const { agent, name } of parties.clients)
    await agent.waitUntil(`${name}: lock`, () => agent.tail(80).includes('"to":"PhaseAligned"'), lockTimeoutMs);
  const watched = parties.clients.map(
    (client): Watched => ({
      client,
      reader: new TruthReader(client.clockFile, client.pageFile),
      errors: [],
      calibrated: 0,
      guaranteed: 0,
      voids: 0,
    }),
  );
  const out = new Float64Array(truthReading.length);
  for (const end = Date.now() + watchMs; Date.now() < end; await sleep(sampleMs)) for (const one of watched) sample(one, out);
  parties.assertRunning();
  for (const one of watched) {
    one.reader.close();
    judge(one, claims);
  }
}

function sample(one: Watched, out: Float64Array): void {
  one.reader.read(out);
  const error = Math.abs(out[truthReading.trueError] ?? Number.NaN);
  const [calibrated = Number.NaN, guaranteed = Number.NaN] = [out[truthReading.calibratedBound], out[truthReading.guaranteedBound]];
  one.errors.push(error);
  if (Number.isNaN(calibrated) || Number.isNaN(guaranteed)) one.voids += 1;
  else {
    one.calibrated = Math.max(one.calibrated, error / calibrated);
    one.guaranteed = Math.max(one.guaranteed, error / guaranteed);
  }
}

function judge({ client, errors, calibrated, guaranteed, voids }: Watched, claims: Claims): void {
  const sorted = errors.toSorted((a, b) => a - b);
  const at = (share: number): string => `${((sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN) / 1e3).toFixed(2)} µs`;
  const held = voids === 0 && calibrated <= 1 && guaranteed <= 1 && errors.length > 50;
  const closest = `closest to the calibrated bound ${(100 * calibrated).toFixed(0)} %, to the guaranteed one ${(100 * guaranteed).toFixed(0)} %`;
  claims.check(
    `${client.name}: locked, and true time was within both bounds`,
    held,
    `${String(errors.length)} samples, |error| p50 ${at(0.5)}, p99 ${at(0.99)}, ${closest}, void ${String(voids)} times`,
  );
}
