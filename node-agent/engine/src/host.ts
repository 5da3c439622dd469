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

/** One per NTP server that is asked: "ntp/<source>". Never the name of an interface. */
export type AssociationId = string;

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
  /** From an association's server: the socket is connected, nobody else is heard. `bytes` is only valid during the call. */
  | {
      readonly kind: "DatagramReceived";
      readonly association: AssociationId;
      readonly bytes: Uint8Array;
      readonly stamp: Stamp | null;
      readonly at: Raw;
    }
  /** The socket is open. Addresses are IPv4, dotted: the server's, and the one that we send from (loops are found by it). */
  | {
      readonly kind: "AssociationReady";
      readonly association: AssociationId;
      readonly address: string;
      readonly localAddress: string;
      readonly at: Raw;
    }
  /** The name did not resolve, the socket failed, or ICMP said that nobody listens (`ECONNREFUSED`): it is closed. */
  | { readonly kind: "AssociationLost"; readonly association: AssociationId; readonly code: string; readonly at: Raw }
  /** `port`: a PortId or an AssociationId. Keys are unique over all of them. */
  | { readonly kind: "TransmitStamped"; readonly port: PortId; readonly key: number; readonly stamp: Stamp }
  | { readonly kind: "TransmitMissing"; readonly port: PortId; readonly key: number }
  /** The other clock was read between two readings of the node's own. `era` is the other one's. */
  | {
      readonly kind: "ClockCompared";
      readonly reference: ClockId;
      readonly before: Stamp;
      readonly instant: Instant;
      readonly after: Stamp;
      readonly era: number;
    }
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
  /** A thermometer of the node was read. `sensor`: any name, always the same one for the same sensor. */
  | { readonly kind: "TemperatureRead"; readonly sensor: string; readonly celsius: number; readonly at: Raw }
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
  /** ClockCompared follows, unless the other clock cannot be read. */
  | { readonly kind: "CompareClock"; readonly reference: ClockId }
  /** Resolve and connect; AssociationReady or AssociationLost follows, perhaps much later. */
  | {
      readonly kind: "OpenAssociation";
      readonly association: AssociationId;
      readonly address: string;
      readonly udpPort: number;
      readonly clock: ClockId;
      readonly dscp: number;
    }
  | { readonly kind: "CloseAssociation"; readonly association: AssociationId }
  /** TransmitStamped or TransmitMissing with `key` follows. `bytes` may be reused after the call. */
  | { readonly kind: "SendDatagram"; readonly association: AssociationId; readonly bytes: Uint8Array; readonly key: number }
  /** Answer NTP clients from a native thread with this state until the next one; null: no server. */
  | { readonly kind: "ServeNtp"; readonly server: NtpServing | null }
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

/** What the NTP server says of its clock. Receive and transmit stamps and the client's cookie are filled in per answer. */
export interface NtpServing {
  readonly clock: ClockId;
  readonly udpPort: number;
  readonly allowed: readonly string[];
  /** Raw time of what was published of the clock, and its era then: what is said of another era is said of no clock. */
  readonly asOf: Raw;
  readonly era: number;
  /** Header of 48 octets, mode 4 (RFC 5905 7.3), as of `asOf`. */
  readonly template: Uint8Array;
  /** Root dispersion grows by that from then on, ppb. */
  readonly dispersionGrowth: Ppb;
  /** s from then on, after which answers say "unsynchronized" (leap 3, stratum 16). */
  readonly validFor: number;
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
