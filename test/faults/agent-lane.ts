/**
 * Where faults are inflicted on an agent: a switch with the nodes of one lane, a ptp4l and a chronyd that serve the machine's own
 * clock, which is the truth. Faults of one lane come one after the other; every one finds the servers running.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { LabProcess } from "../lab/child-process.js";
import { startChronyd } from "../lab/chronyd.js";
import { LabNetwork } from "../lab/network.js";
import { domainNumber } from "../lab/agent-pair.js";
import { startPtp4l } from "../lab/ptp4l.js";

/** IPv4 of the servers: the first node of every lane. */
export const serverAddress = "10.77.0.11";
/** log2 of s between Syncs, and between Delay_Reqs. */
export const logInterval = -4;
/** log2 of s between NTP polls. */
export const logPoll = -1;

const startLimitMs = 20_000;

export class AgentLane {
  readonly network = new LabNetwork();
  readonly directory: string;
  #ptp4l: LabProcess | null = null;
  #chronyd: LabProcess | null = null;
  #homes = 0;

  /** Call inside a private namespace. */
  constructor(directory: string) {
    this.directory = directory;
    for (const node of ["server", "follower", "grandmaster", "stranger"]) this.network.addNode(node);
  }

  /** Starts what does not run. Resolves when the ptp4l serves. @throws MER_LAB_PROCESS_FAILED */
  async serve(): Promise<void> {
    if (this.#chronyd === null || this.#chronyd.outcome !== null) this.startChronyd(true);
    if (this.#ptp4l === null || this.#ptp4l.outcome !== null) await this.startPtp4l();
  }

  async startPtp4l(): Promise<void> {
    const directory = this.home("ptp4l");
    const ptp4l = startPtp4l({ node: "server", directory, domainNumber, role: "timeTransmitter", logInterval });
    this.#ptp4l = ptp4l;
    await ptp4l.waitUntil("its Syncs", () => ptp4l.tail(50).includes("MASTER on ANNOUNCE_RECEIPT_TIMEOUT"), startLimitMs);
  }

  /** @param synchronized false: it answers that it knows no time */
  startChronyd(synchronized: boolean): void {
    this.#chronyd = startChronyd({ node: "server", directory: this.home("chronyd"), role: { kind: "server", synchronized } });
  }

  async killPtp4l(): Promise<void> {
    await this.#ptp4l?.kill();
  }

  async killChronyd(): Promise<void> {
    await this.#chronyd?.kill();
  }

  /** A new folder. */
  home(name: string): string {
    this.#homes += 1;
    const directory = join(this.directory, `${String(this.#homes).padStart(3, "0")}-${name}`);
    mkdirSync(directory, { recursive: true });
    return directory;
  }

  async stop(): Promise<void> {
    await this.killPtp4l();
    await this.killChronyd();
  }
}
