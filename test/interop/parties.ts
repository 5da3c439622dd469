/** Who meets whom: a ptp4l and a chronyd that serve the machine's clock, our grandmaster beside them, and a client of each kind for each. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createVirtualClock } from "@meridian/native";
import type { EffectiveConfig } from "@meridian/proto";
import { pageFileOf, startAgent } from "../lab/agent-process.js";
import type { LabProcess } from "../lab/child-process.js";
import { startChronyd } from "../lab/chronyd.js";
import { type LabNode, LabNetwork } from "../lab/network.js";
import { startPtp4l } from "../lab/ptp4l.js";
import { labServo, labTiming, storeConfig } from "../lab/stored-config.js";

const peerDomain = 21;
export const ourDomain = 22;
const logInterval = -3;
/** Of the NTP clients, log2 of s. */
const logPoll = -1;

/** Our agent that follows a peer, on a virtual clock that is wrong at first. */
export interface OurClient {
  readonly name: string;
  readonly agent: LabProcess;
  readonly directory: string;
  readonly clockFile: string;
  readonly pageFile: string;
}

export class Parties {
  readonly network = new LabNetwork();
  readonly directory: string;
  readonly peer: LabNode;
  readonly ours: LabNode;
  readonly clients: OurClient[] = [];
  readonly processes: LabProcess[] = [];

  constructor(directory: string) {
    this.directory = directory;
    this.peer = this.network.addNode("peer");
    this.ours = this.network.addNode("ours");
  }

  /** The servers: the peers' and ours. */
  startServers(): void {
    this.#run(
      startPtp4l({ node: "peer", directory: this.home("ptp4l-server"), domainNumber: peerDomain, role: "timeTransmitter", logInterval }),
    );
    this.#run(startChronyd({ node: "peer", directory: this.home("chronyd-server"), role: { kind: "server" } }));
    const directory = this.home("our-server");
    const clockFile = this.#makeClock(directory, 0, 0);
    storeConfig(directory, {
      domain: "interop",
      role: "Grandmaster",
      servo: labServo,
      transmitters: [
        {
          grandmaster: "ours",
          timing: labTiming(ourDomain, logInterval),
          reference: "system",
          referenceType: "SystemClock",
          uncertaintyNanoseconds: 1000,
        },
      ],
      ntpServer: { allowedCidrs: ["10.77.0.0/24"] },
    });
    this.#run(this.#startAgent("our-server", "ours", directory, clockFile));
  }

  /** Ours on the peers' servers. */
  followPeers(): void {
    const vouched = { priority: 100, use: "Primary", uncertaintyNanoseconds: 1000 };
    const association = {
      ...vouched,
      source: "peer",
      address: this.peer.address,
      log2MinPollInterval: logPoll,
      log2MaxPollInterval: logPoll,
    };
    this.#follow("our timeReceiver on ptp4l", {
      receivers: [
        { ...vouched, source: "peer", timing: labTiming(peerDomain, logInterval), independenceGroup: "peer", arbitraryTimescale: "UTC" },
      ],
    });
    this.#follow("our NTP client on chronyd", { associations: [association] });
    this.#follow("our NTP client on chronyd, interleaved", { associations: [{ ...association, interleaved: true }] });
  }

  /** The peers' clients on ours. @returns their folders */
  followUs(): { readonly ptp4l: string; readonly chronyd: string } {
    const [ptp4l, chronyd] = [this.home("ptp4l-client"), this.home("chronyd-client")];
    for (const node of ["ptp4l", "chronyd"]) this.network.addNode(node);
    this.#run(startPtp4l({ node: "ptp4l", directory: ptp4l, domainNumber: ourDomain, role: "timeReceiver", logInterval }));
    const role = { kind: "client", server: this.ours.address, interleaved: true, logPoll } as const;
    this.#run(startChronyd({ node: "chronyd", directory: chronyd, role }));
    return { ptp4l, chronyd };
  }

  home(name: string): string {
    const directory = join(this.directory, name.replaceAll(/[^a-zA-Z0-9]+/g, "-"));
    mkdirSync(directory, { recursive: true });
    return directory;
  }

  async stop(): Promise<void> {
    for (const process of this.processes.toReversed()) await process.stop(3_000);
  }

  /** @throws when one of them has ended by itself */
  assertRunning(): void {
    const ended = this.processes.find(({ failed }) => failed);
    if (ended) throw new Error(`${ended.name} ended (${ended.outcome ?? ""})\n${ended.tail()}`);
  }

  #follow(name: string, sources: EffectiveConfig): void {
    const node = `client${String(this.clients.length)}`;
    this.network.addNode(node);
    const directory = this.home(name);
    const clockFile = this.#makeClock(directory, 8e6, 15_000);
    const objective = { maxErrorNanoseconds: 1_000_000, minimumIndependentSources: 1 };
    storeConfig(directory, { domain: "interop", role: "OrdinaryClock", objective, servo: labServo, ...sources });
    const agent = this.#startAgent(name, node, directory, clockFile);
    this.#run(agent);
    this.clients.push({ name, agent, directory, clockFile, pageFile: pageFileOf(directory) });
  }

  #startAgent(name: string, node: string, directory: string, clockFile: string): LabProcess {
    const nobody = { hub: null, hubCaFile: "/nonexistent", tokenFile: "/nonexistent" };
    return startAgent({ node: name, directory, ...nobody, clockFile, namespace: node });
  }

  #makeClock(directory: string, offsetNs: number, frequencyPpb: number): string {
    const file = join(directory, "clock");
    createVirtualClock(file, { seconds: 1800, seed: 3, offsetNs, frequencyPpb, wanderPpb: 1, sinePpb: 0 });
    return file;
  }

  #run(process: LabProcess): void {
    this.processes.push(process);
  }
}
