/** What is claimed of a peer's clients on our server, in the peer's own words: pmc's and chronyc's. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Claims } from "../demo/claims.js";
import { chronycSocketOf } from "../lab/chronyd.js";
import { ourDomain, type Parties } from "./parties.js";

/** Both clocks are the machine's: what a peer sees beyond its own noise is ours. ns */
const mostOffset = 1e6;
const patienceMs = 60_000;

export async function askTheirClients(
  parties: Parties,
  homes: { readonly ptp4l: string; readonly chronyd: string },
  claims: Claims,
): Promise<void> {
  const ptp = await ask(() => readPtp4l(homes.ptp4l));
  claims.check(
    "ptp4l on our grandmaster: it follows us, and its offset is that of two equal clocks",
    ptp !== null && Math.abs(ptp.offset) < mostOffset,
    ptp === null ? "it follows nobody" : `grandmaster ${ptp.grandmaster}, offset ${String(ptp.offset)} ns`,
  );
  const ntp = await ask(() => readChronyd(homes.chronyd));
  claims.check(
    "chronyd on our NTP server: it is synchronized to us in interleaved mode, and its offset is that of two equal clocks",
    ntp !== null && ntp.reference === parties.ours.address && ntp.stratum === 2 && ntp.interleaved && Math.abs(ntp.offset) < mostOffset,
    ntp === null
      ? "it follows nobody"
      : `reference ${ntp.reference}, its stratum ${String(ntp.stratum)}, interleaved ${ntp.interleaved ? "yes" : "no"}, offset ${ntp.offset.toFixed(0)} ns, root dispersion ${ntp.rootDispersion.toFixed(0)} ns`,
  );
  parties.assertRunning();
}

/** Until it has something to say. */
async function ask<Answer>(read: () => Answer | null): Promise<Answer | null> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(500)) {
    const answer = read();
    if (answer !== null) return answer;
  }
  return null;
}

function readPtp4l(home: string): { grandmaster: string; offset: number } | null {
  const socket = join(home, "ptp4l.socket");
  const own = join(home, "pmc.socket");
  const text = run("pmc", ["-u", "-b", "0", "-d", String(ourDomain), "-s", socket, "-i", own, "GET TIME_STATUS_NP"]);
  const field = (name: string): string | undefined => new RegExp(`^\\s*${name}\\s+(\\S+)`, "m").exec(text)?.[1];
  const offset = Number(field("master_offset") ?? Number.NaN);
  return field("gmPresent") === "true" && Number.isFinite(offset) && offset !== 0
    ? { grandmaster: field("gmIdentity") ?? "", offset }
    : null;
}

function readChronyd(
  home: string,
): { reference: string; stratum: number; offset: number; rootDispersion: number; interleaved: boolean } | null {
  const chronyc = (command: string): string => run("chronyc", ["-h", chronycSocketOf(home), "-n", "-c", command]);
  const tracking = chronyc("tracking").trim().split(",");
  const sources = chronyc("sources").trim().split(",");
  const data = chronyc("ntpdata").trim().split(",");
  const [, reference = "", stratum = ""] = tracking;
  // Eight polls heard: the first ones are a burst.
  if (sources[1] !== "*" || (Number.parseInt(sources[5] ?? "0", 8) & 0xff) !== 0xff) return null;
  const interleaved = data.includes("1") && /Interleaved\s*:\s*Yes/.test(run("chronyc", ["-h", chronycSocketOf(home), "-n", "ntpdata"]));
  return {
    reference,
    stratum: Number(stratum),
    offset: Number(tracking[4]) * 1e9,
    rootDispersion: Number(tracking[11]) * 1e9,
    interleaved,
  };
}

const run = (program: string, args: readonly string[]): string =>
  spawnSync(program, [...args], { encoding: "utf8", timeout: 10_000 }).stdout ?? "";
