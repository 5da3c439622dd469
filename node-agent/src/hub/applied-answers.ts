/** What became of each part of the configuration, told to the hub when it changes: a port that comes back, a program that stops. */
import type { EngineConfig, PortId } from "@meridian/engine";
import type { Applied, PartResult } from "@meridian/proto";
import type { AgentErrorCode } from "../errors.js";
import { describePorts, type PortTrouble } from "../host/port-report.js";

/** In one Applied, as the contract says. */
const mostParts = 32;

/** The configuration that runs, and what keeps parts of it from running. */
export interface Running {
  readonly revision: string;
  readonly engine: EngineConfig;
  readonly refused: readonly PartResult[];
  /** Ports that are not open. */
  readonly ports: ReadonlyMap<PortId, PortTrouble>;
  /** Parts that send no Sync. */
  readonly silent: ReadonlyMap<string, PortTrouble>;
  /** Why the clock is not steered; null: it is, or need not be. */
  readonly notSteered: string | null;
  /** Who else steers the clock though the domain refuses that, for a person; null: nobody. */
  readonly contested: string | null;
}

export class AppliedAnswers {
  readonly #send: (applied: Applied) => boolean;
  /** Fingerprint of what the hub was told on this stream. */
  #told = "";
  /** Stands instead of what runs, for as long as the leader that was refused is the one that listens. */
  #refusal: Applied | null = null;

  /** @param send false: nobody listens now */
  constructor(send: (applied: Applied) => boolean) {
    this.#send = send;
  }

  /** Another stream: whoever listens was told nothing yet, and is not the one that was refused. */
  startAnew(): void {
    this.#told = "";
    this.#refusal = null;
  }

  /** The orders of an outranked leader were not obeyed. @param revision of its configuration; empty: a release */
  refuse(revision: string, code: AgentErrorCode, message: string): void {
    this.#refusal = { revision, parts: [{ part: "config", ok: false, code, message }] };
    this.#tell(this.#refusal);
  }

  /** Orders were obeyed. */
  accept(): void {
    this.#refusal = null;
  }

  /** Tells what is news of it. */
  update(running: Running): void {
    this.#tell(this.#refusal ?? describeRunning(running));
  }

  #tell(applied: Applied): void {
    const fingerprint = JSON.stringify(applied);
    if (fingerprint === this.#told) return;
    if (this.#send(applied)) this.#told = fingerprint;
  }
}

function describeRunning({ revision, engine, refused, ports, silent, notSteered, contested }: Running): Applied {
  return {
    revision,
    parts: [...refused, ...describePorts(engine, ports, silent), describeClock(notSteered, contested)].slice(0, mostParts),
  };
}

function describeClock(notSteered: string | null, contested: string | null): PartResult {
  if (contested !== null) return { part: "clock", ok: false, code: "MER_AGENT_CLOCK_CONTESTED", message: contested };
  if (notSteered !== null) return { part: "clock", ok: false, code: "MER_AGENT_NOT_STEERABLE", message: notSteered };
  return { part: "clock", ok: true, code: "", message: "" };
}
