/** Each protocol in each direction against the peer that most people run, all at once, and a stranger's reading of every packet. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Claims } from "../demo/claims.js";
import { readCapture, startCapture } from "../lab/capture.js";
import { watchOurClients } from "./our-client-claims.js";
import { Parties } from "./parties.js";
import { askTheirClients } from "./their-client-claims.js";

const leastPackets = 100;

export async function runSmoke(directory: string, claims: Claims): Promise<void> {
  const parties = new Parties(directory);
  const file = join(directory, "switch.pcap");
  const capture = startCapture("switch0", file, join(directory, "dumpcap.log"));
  parties.processes.push(capture);
  try {
    await capture.waitUntil("listening", () => capture.tail().includes("Capturing on"), 10_000);
    parties.startServers();
    parties.followPeers();
    const homes = parties.followUs();
    await watchOurClients(parties, claims);
    await askTheirClients(parties, homes, claims);
    await sleep(500);
  } finally {
    await parties.stop();
  }
  judgeCapture(file, parties, claims);
}

function judgeCapture(file: string, parties: Parties, claims: Claims): void {
  const packets = readCapture(file);
  const bad = packets.filter(({ complaint }) => complaint !== "");
  const from = (address: string, protocol: string): number =>
    packets.filter((packet) => packet.source === address && packet.protocol === protocol).length;
  const counts = [
    from(parties.ours.address, "ptp"),
    from(parties.ours.address, "ntp"),
    from(parties.peer.address, "ptp"),
    from(parties.peer.address, "ntp"),
  ];
  const [first] = bad;
  claims.check(
    "tshark reads every packet of ours and theirs without a complaint",
    bad.length === 0 && counts.every((count) => count > leastPackets / 4) && packets.length > leastPackets,
    first === undefined
      ? `${String(packets.length)} packets; from our server ${String(counts[0])} PTP, ${String(counts[1])} NTP, from theirs ${String(counts[2])} and ${String(counts[3])}`
      : `${String(bad.length)} of ${String(packets.length)} packets, the first from ${first.source}: ${first.complaint}`,
  );
}
