/**
 * The Sync programs of the open ports, by instance. They run in threads of the native module, so a program that was refused,
 * died or whose packets the kernel refuses would go unnoticed: its count of Syncs is looked at, and it is begun again.
 */
import type { PortId, SyncTemplates } from "@meridian/engine";
import { messageOf } from "../errors.js";
import type { PortTrouble } from "./port-report.js";

/** As much of the native SyncProgram as matters here. */
export interface SyncSender {
  /** The first is the count of Syncs sent. */
  statistics(): number[];
  close(): void;
}

export interface SyncOutputs {
  /** @throws when the native module refuses */
  create(port: PortId, templates: SyncTemplates): SyncSender;
  /** No Sync leaves. Told for every attempt. */
  failed(instance: string, trouble: PortTrouble): void;
  /** Syncs leave. Told at every look. */
  worked(instance: string): void;
  /** Monotonic, ms. */
  now(): number;
}

/** Silence of that many intervals, and of that long, is none of the network's whims. */
const silentIntervals = 5;
const shortestSilenceMs = 3_000;
const firstRetryMs = 1_000;
const longestRetryMs = 30_000;

interface Program {
  readonly port: PortId;
  readonly templates: SyncTemplates;
  /** null: it could not be created. */
  sender: SyncSender | null;
  trouble: PortTrouble | null;
  sent: number;
  /** When a Sync was last known to have left, or the sender was created. */
  aliveAt: number;
  /** Attempts in a row without a Sync. */
  failures: number;
  retryAt: number;
}

export class SyncPrograms {
  readonly #outputs: SyncOutputs;
  readonly #programs = new Map<string, Program>();

  constructor(outputs: SyncOutputs) {
    this.#outputs = outputs;
  }

  /** Replaces the instance's program. @param templates null: it ends */
  set(port: PortId, instance: string, templates: SyncTemplates | null): void {
    this.#programs.get(instance)?.sender?.close();
    this.#programs.delete(instance);
    if (templates === null) return;
    const program = { port, templates, sender: null, trouble: null, sent: 0, aliveAt: 0, failures: 0, retryAt: 0 };
    this.#programs.set(instance, program);
    this.#begin(instance, program);
  }

  /** The port is closed, or about to be: its programs end with it. */
  endOn(port: PortId): void {
    for (const [instance, program] of this.#programs) if (program.port === port) this.set(port, instance, null);
  }

  /** Looks at each program, and begins those again that do not send. @returns the instances that send no Sync, with why */
  judge(): ReadonlyMap<string, PortTrouble> {
    const silent = new Map<string, PortTrouble>();
    for (const [instance, program] of this.#programs) {
      this.#look(instance, program);
      if (program.trouble) silent.set(instance, program.trouble);
    }
    return silent;
  }

  #look(instance: string, program: Program): void {
    const now = this.#outputs.now();
    if (program.sender) {
      const sent = program.sender.statistics()[0] ?? 0;
      if (sent > program.sent) {
        Object.assign(program, { sent, aliveAt: now, failures: 0, trouble: null });
        return this.#outputs.worked(instance);
      }
      if (now - program.aliveAt <= longestSilenceMs(program.templates)) return;
      this.#fail(instance, program, `no Sync has left ${program.port} for too long; its program is begun again`);
    }
    if (now >= program.retryAt) this.#begin(instance, program);
  }

  #begin(instance: string, program: Program): void {
    try {
      program.sender = this.#outputs.create(program.port, program.templates);
      program.sent = 0;
      program.aliveAt = this.#outputs.now();
    } catch (error) {
      this.#fail(instance, program, `no Sync can be sent on ${program.port}: ${messageOf(error)}`);
    }
  }

  /** The trouble stays until a Sync has left: a program that was begun again has shown nothing yet. */
  #fail(instance: string, program: Program, message: string): void {
    program.sender?.close();
    program.sender = null;
    program.trouble = { code: "MER_AGENT_SYNC_STOPPED", message };
    program.retryAt = this.#outputs.now() + Math.min(firstRetryMs * 2 ** Math.min(program.failures, 16), longestRetryMs);
    program.failures += 1;
    this.#outputs.failed(instance, program.trouble);
  }
}

const longestSilenceMs = ({ logInterval }: SyncTemplates): number => Math.max(silentIntervals * 2 ** logInterval * 1e3, shortestSilenceMs);
