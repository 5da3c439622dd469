/**
 * The host contract: everything that reaches the engine is a HostEvent, everything it wants done is an Action. The agent's
 * native host and the simulator implement it; nothing else differs between a real node and a simulated one.
 *
 * Record layouts shared with Rust stand in node-agent/native/js/layout.ts.
 */
import type { Publication } from "./ensemble/contract.js";
import type { ClockId, Command, Measurement } from "./ensemble/measurement.js";
import type { Instant, Nanoseconds, Ppb, Raw } from "./time/units.js";

/** One per network interface: several PTP instances share its sockets and are told apart by domainNumber. */
export type PortId = string;

/** A time stamp on the port's clock, with the raw time and the steering at that very instant. */
export interface Stamp extends Instant {
  readonly raw: Raw;
  readonly steering: Nanoseconds;
}

export type HostEvent =
  /** `bytes` is only valid during the call. `stamp` null: the kernel gave none. */
  | {
      readonly kind: "PacketReceived";
      readonly port: PortId;
      readonly socket: "event" | "general";
      readonly bytes: Uint8Array;
      readonly stamp: Stamp | null;
      /** IPv4 of the sender, dotted. */
      readonly source: string;
      readonly at: Raw;
    }
  | { readonly kind: "TransmitStamped"; readonly port: PortId; readonly key: number; readonly stamp: Stamp }
  | { readonly kind: "TransmitMissing"; readonly port: PortId; readonly key: number }
  /** One-way measurements that the host assembled itself. */
  | { readonly kind: "Exchange"; readonly measurements: readonly Measurement[] }
  /** The clock was read, or a command took effect. notBefore/notAfter bracket the moment in raw time. */
  | {
      readonly kind: "FrequencyApplied";
      readonly clock: ClockId;
      readonly ppb: Ppb;
      readonly steering: Nanoseconds;
      readonly era: number;
      readonly notBefore: Raw;
      readonly notAfter: Raw;
    }
  | { readonly kind: "Stepped"; readonly clock: ClockId; readonly by: Nanoseconds; readonly era: number; readonly at: Raw }
  | { readonly kind: "PortLost"; readonly port: PortId; readonly code: string; readonly at: Raw }
  | { readonly kind: "PortReady"; readonly port: PortId; readonly hardwareAddress: Uint8Array; readonly at: Raw }
  /** Closes a batch of events, and comes when the engine's deadline does: only now are timers looked at and the clock steered. */
  | { readonly kind: "Deadline"; readonly at: Raw };

export type Action =
  /** With `key` (event messages), TransmitStamped or TransmitMissing follows. `bytes` may be reused after the call. */
  | { readonly kind: "Send"; readonly port: PortId; readonly socket: "event" | "general"; readonly bytes: Uint8Array; readonly key: number }
  /** Sync and Follow_Up from native templates, whatever JavaScript does; null ends the program of that instance. */
  | { readonly kind: "ProgramSync"; readonly port: PortId; readonly instance: string; readonly program: SyncTemplates | null }
  | { readonly kind: "SetFrequency"; readonly command: Command }
  | { readonly kind: "Step"; readonly clock: ClockId; readonly by: Nanoseconds }
  | { readonly kind: "OpenPort"; readonly port: PortId; readonly clock: ClockId; readonly dscp: number; readonly answersRequests: boolean }
  | { readonly kind: "ClosePort"; readonly port: PortId }
  | { readonly kind: "Publish"; readonly publication: Publication }
  | { readonly kind: "Emit"; readonly event: EngineEvent };

/** Templates of 44 octets each; the host fills sequenceId and preciseOriginTimestamp. */
export interface SyncTemplates {
  readonly clock: ClockId;
  readonly sync: Uint8Array;
  readonly followUp: Uint8Array;
  readonly logInterval: number;
  /** Added to the clock's seconds: TAI − UTC for a UTC clock. */
  readonly labelOffsetSeconds: number;
  readonly dscp: number;
}

/** Facts for logs, metrics and events; never text to be parsed. */
export type EngineEvent =
  | {
      readonly kind: "StateChanged";
      readonly clock: ClockId;
      readonly from: string;
      readonly to: string;
      readonly reason: string;
      readonly at: Raw;
    }
  | { readonly kind: "SourceChanged"; readonly clock: ClockId; readonly from: string | null; readonly to: string | null; readonly at: Raw }
  | {
      readonly kind: "PortStateChanged";
      readonly instance: string;
      readonly from: string;
      readonly to: string;
      readonly reason: string;
      readonly at: Raw;
    }
  | { readonly kind: "PacketDropped"; readonly port: PortId; readonly reason: string };
