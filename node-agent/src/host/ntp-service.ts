/**
 * The NTP server of this node: a native thread that answers with what the engine last said of the clock. One that cannot listen
 * (another daemon holds the port) is tried again, and says so meanwhile.
 */
import type { NtpServing } from "@meridian/engine";
import type { Clock, NtpServer } from "@meridian/native";
import { codeOf, messageOf } from "../errors.js";
import type { NativeModule } from "../native-module.js";
import { findPortHolder } from "./port-holder.js";
import type { PortTrouble } from "./port-report.js";

/** Room for a burst of thousands of clients. */
const receiveBufferBytes = 1 << 20;
const retryMs = 10_000;

export interface NtpServiceOutputs {
  /** @throws MER_AGENT_CLOCK_FAILED */
  clockOf(uri: string): Clock;
  /** Told for every attempt. */
  failed(trouble: PortTrouble): void;
  worked(): void;
  /** Monotonic, ms. */
  now(): number;
  /** The node's own clock: raw s, and its era. */
  readClock(): { readonly raw: number; readonly era: number };
}

export class NtpService {
  readonly #native: Pick<NativeModule, "NtpServer">;
  readonly #outputs: NtpServiceOutputs;
  #server: NtpServer | null = null;
  /** What the open server cannot change: clock, port and networks. */
  #key = "";
  #retryAt = 0;
  /** Why nobody is served; null: all is well, or nobody is to be. */
  trouble: PortTrouble | null = null;

  constructor(native: Pick<NativeModule, "NtpServer">, outputs: NtpServiceOutputs) {
    this.#native = native;
    this.#outputs = outputs;
  }

  /** What is to be said from now on; null: nothing any more. Called at least once a second while there is a server. */
  serve(serving: NtpServing | null): void {
    const key = serving === null ? "" : JSON.stringify([serving.clock, serving.udpPort, serving.allowed]);
    if (key !== this.#key) {
      this.close();
      this.#key = key;
    }
    if (serving === null) return;
    if (this.#server === null && this.#outputs.now() >= this.#retryAt) this.#begin(serving);
    this.#renew(serving);
  }

  /** [answers, of them interleaved, not allowed, malformed, rate-limited, send errors]; null: there is no server. */
  statistics(): number[] | null {
    return this.#server?.statistics() ?? null;
  }

  close(): void {
    this.#server?.close();
    this.#server = null;
    this.#key = "";
    this.#retryAt = 0;
    this.trouble = null;
  }

  /**
   * A template that the module refuses leaves the last one, which runs out by itself. One of another era is not even tried: the
   * module takes a template for one of the clock as it is.
   */
  #renew({ udpPort, asOf, era, template, dispersionGrowth, validFor }: NtpServing): void {
    if (this.#server === null) return;
    try {
      const clock = this.#outputs.readClock();
      if (clock.era === era) this.#server.setTemplate(template, dispersionGrowth, validFor, Math.max(0, clock.raw - asOf));
    } catch (error) {
      this.#outputs.failed(explain(udpPort, error));
    }
  }

  #begin({ clock, udpPort, allowed }: NtpServing): void {
    try {
      this.#server = new this.#native.NtpServer({ clock: this.#outputs.clockOf(clock), udpPort, allowed, receiveBufferBytes });
      this.trouble = null;
      this.#outputs.worked();
    } catch (error) {
      this.#retryAt = this.#outputs.now() + retryMs;
      this.trouble = explain(udpPort, error);
      this.#outputs.failed(this.trouble);
    }
  }
}

function explain(udpPort: number, error: unknown): PortTrouble {
  if (codeOf(error, "") === "EADDRINUSE") {
    const holder = findPortHolder(udpPort) ?? "a process that this agent may not see";
    return { code: "MER_AGENT_PORT_TAKEN", message: `UDP port ${udpPort} is held by ${holder}: no NTP is served` };
  }
  return { code: "MER_AGENT_SERVER_FAILED", message: `NTP cannot be served on UDP port ${udpPort}: ${messageOf(error)}` };
}
