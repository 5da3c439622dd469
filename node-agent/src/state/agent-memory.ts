/**
 * What must outlive the process: the last configuration (so that a node keeps time with no operator and no network), the newest
 * leader epoch (so that an old leader cannot come back), whether the clock was stepped since the host booted, and what was known
 * of the clock.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { hub } from "@meridian/proto";
import type { AgentErrorCode } from "../errors.js";
import { readStateFile, writeStateFile, writeStateFileLater } from "./atomic-file.js";

/** As received from the hub. */
export interface StoredConfig {
  readonly leaderEpoch: number;
  readonly revision: string;
  /** Encoded hub.Config; without a `config` when the hub released this node. */
  readonly bytes: Uint8Array;
}

/** @param what name of the file */
export type MemoryFailure = (code: AgentErrorCode, what: string, error: unknown) => void;

export class AgentMemory {
  readonly #directory: string;
  readonly #bootId: string;
  readonly #failed: MemoryFailure;
  #writingClock = false;

  /** @param failed called when the disk refuses: the agent runs on without memory */
  constructor(directory: string, bootId: string, failed: MemoryFailure) {
    this.#directory = directory;
    this.#bootId = bootId;
    this.#failed = failed;
  }

  /** The last configuration, or null when there is none, or none that can be believed. */
  readConfig(): StoredConfig | null {
    const bytes = readStateFile(this.#path("config"));
    if (bytes === null) return null;
    try {
      if (bytes === "damaged") throw new Error("checksum does not match");
      const config = hub.Config.decode(bytes);
      return { leaderEpoch: config.leaderEpoch, revision: config.revision, bytes };
    } catch (error) {
      this.#failed("MER_AGENT_STATE_UNREADABLE", "config", error);
      this.#remove("config");
      return null;
    }
  }

  /** @param bytes encoded hub.Config */
  writeConfig(bytes: Uint8Array): void {
    this.#write("config", bytes);
  }

  /** The hub released this node: a restart must not take the configuration up again, nor listen to an older leader. */
  forgetConfig(leaderEpoch: number): void {
    // A disk too full for the new file still lets go of the old one.
    if (!this.#write("config", hub.Config.encode({ leaderEpoch }).finish())) this.#remove("config");
  }

  /** True when clock `uri` was stepped or taken over during this boot of the host. */
  wasStepped(uri: string): boolean {
    const bytes = readStateFile(this.#path("stepped"));
    return bytes !== null && bytes !== "damaged" && Buffer.from(bytes).toString() === `${this.#bootId} ${uri}`;
  }

  rememberStep(uri: string): void {
    this.#write("stepped", Buffer.from(`${this.#bootId} ${uri}`));
  }

  /** What was known of the clock, as text; null: nothing, or nothing that can be believed. */
  readClock(): string | null {
    const bytes = readStateFile(this.#path("clock"));
    if (bytes !== "damaged") return bytes && Buffer.from(bytes).toString();
    this.#failed("MER_AGENT_STATE_UNREADABLE", "clock", new Error("checksum does not match"));
    this.#remove("clock");
    return null;
  }

  /** Does not wait for the disk; while it is still busy with the last one, nothing is written. */
  writeClockLater(text: string): void {
    if (this.#writingClock) return;
    this.#writingClock = true;
    writeStateFileLater(this.#path("clock"), Buffer.from(text))
      .catch((error: unknown) => this.#failed("MER_AGENT_STATE_UNWRITABLE", "clock", error))
      .finally(() => (this.#writingClock = false));
  }

  /** At the end of the process. */
  writeClock(text: string): void {
    this.#write("clock", Buffer.from(text));
  }

  #write(name: string, content: Uint8Array): boolean {
    try {
      writeStateFile(this.#path(name), content);
      return true;
    } catch (error) {
      this.#failed("MER_AGENT_STATE_UNWRITABLE", name, error);
      return false;
    }
  }

  #remove(name: string): void {
    try {
      rmSync(this.#path(name), { force: true });
    } catch (error) {
      this.#failed("MER_AGENT_STATE_UNWRITABLE", name, error);
    }
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

/** Changes with every boot of the host. */
export function readBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
