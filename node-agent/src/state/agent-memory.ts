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
    const bytes = this.#read("config");
    if (bytes === null) return null;
    try {
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
    if (bytes === null) return false;
    if (bytes !== "damaged" && bytes !== "unreadable") return Buffer.from(bytes).toString() === `${this.#bootId} ${uri}`;
    // It is there because a clock was stepped, and nobody knows any more on which boot. A clock that is slewed is right in the end.
    this.#tell("stepped", bytes);
    return true;
  }

  rememberStep(uri: string): void {
    this.#write("stepped", Buffer.from(`${this.#bootId} ${uri}`));
  }

  /** What was known of the clock, as text; null: nothing, or nothing that can be believed. */
  readClock(): string | null {
    const bytes = this.#read("clock");
    return bytes && Buffer.from(bytes).toString();
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

  /** What is damaged is told and removed; what cannot be read now is told, and stays. */
  #read(name: string): Uint8Array | null {
    const bytes = readStateFile(this.#path(name));
    if (bytes !== "damaged" && bytes !== "unreadable") return bytes;
    this.#tell(name, bytes);
    if (bytes === "damaged") this.#remove(name);
    return null;
  }

  #tell(name: string, what: "damaged" | "unreadable"): void {
    const why = what === "damaged" ? "its checksum does not match" : "it cannot be read, or is no file";
    this.#failed("MER_AGENT_STATE_UNREADABLE", name, new Error(why));
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
