/** NTP on a segment: names, sockets of associations, and requests on their way to a responder and back. */
import type { Action, AssociationId, HostEvent } from "../host.js";
import { NtpDesk, type NtpResponder, respondAsHost } from "./ntp-responder.js";
import type { Packet, SegmentOptions } from "./segment.js";
import type { SegmentHost } from "./segment-host.js";

/** A name takes that long, s. */
const resolution = 2e-3;
/** A transmit stamp is read that long after its request went, s. */
const transmitStampAfter = 30e-6;

/** What it needs of the segment. */
export interface SegmentClockwork {
  readonly now: () => number;
  readonly at: (at: number, run: () => void) => void;
  /** One event in a batch of its own. */
  readonly tell: (host: SegmentHost, event: HostEvent) => void;
  readonly hosts: () => Iterable<SegmentHost>;
}

export class SegmentNtp {
  readonly servers = new Map<string, NtpResponder>();
  /** Addresses by name; an IPv4 is its own. */
  readonly names = new Map<string, string>();
  /** Addresses at which a host answers that nobody listens. */
  readonly refusing = new Set<string>();
  readonly #options: SegmentOptions;
  readonly #clockwork: SegmentClockwork;
  readonly #desks = new Map<string, NtpDesk>();

  constructor(options: SegmentOptions, clockwork: SegmentClockwork) {
    this.#options = options;
    this.#clockwork = clockwork;
  }

  open(host: SegmentHost, { association, address }: Extract<Action, { kind: "OpenAssociation" }>): void {
    const opening = Symbol(association);
    host.associations.set(association, { opening, address: null });
    this.#clockwork.at(this.#clockwork.now() + resolution, () => {
      if (host.associations.get(association)?.opening !== opening) return;
      const found = this.names.get(address) ?? (/^[\d.]+$/.test(address) ? address : null);
      if (found === null) return this.lose(host, association, "ENOTFOUND");
      host.associations.set(association, { opening, address: found });
      const at = host.raw(this.#clockwork.now());
      this.#clockwork.tell(host, { kind: "AssociationReady", association, address: found, localAddress: host.address, at });
    });
  }

  lose(host: SegmentHost, association: AssociationId, code: string): void {
    host.associations.delete(association);
    this.#clockwork.tell(host, { kind: "AssociationLost", association, code, at: host.raw(this.#clockwork.now()) });
  }

  send(host: SegmentHost, { association, bytes, key }: Extract<Action, { kind: "SendDatagram" }>): void {
    const address = host.associations.get(association)?.address ?? null;
    if (address === null) return;
    const now = this.#clockwork.now();
    const stamp = host.stamp(now);
    const missing = this.#options.withholdsStamp?.(host.name, now) === true;
    this.#clockwork.at(now + transmitStampAfter, () =>
      this.#clockwork.tell(
        host,
        missing ? { kind: "TransmitMissing", port: association, key } : { kind: "TransmitStamped", port: association, key, stamp },
      ),
    );
    if (this.refusing.has(address))
      return this.#carry({ from: host.name, to: address, socket: "event", bytes: Uint8Array.from(bytes) }, () => {
        if (host.associations.has(association)) this.lose(host, association, "ECONNREFUSED");
      });
    const responder = this.#responderAt(address);
    if (responder === null) return;
    this.#carry({ from: host.name, to: responder.name, socket: "event", bytes: Uint8Array.from(bytes) }, (request) => {
      const answer = this.#deskOf(responder).answer(responder, request.bytes, this.#clockwork.now());
      if (answer === null) return;
      this.#clockwork.at(answer.departure, () =>
        this.#carry({ from: responder.name, to: host.name, socket: "event", bytes: answer.bytes }, ({ bytes: reply }) =>
          this.inject(host, association, address, reply),
        ),
      );
    });
  }

  /** A datagram that reaches an association's socket now; from `address`, or the kernel drops it: the socket is connected. */
  inject(host: SegmentHost, association: AssociationId, address: string, bytes: Uint8Array): void {
    if (host.associations.get(association)?.address !== address) return;
    const now = this.#clockwork.now();
    this.#clockwork.tell(host, { kind: "DatagramReceived", association, bytes, stamp: host.stamp(now), at: host.raw(now) });
  }

  #responderAt(address: string): NtpResponder | null {
    const server = this.servers.get(address);
    if (server) return server;
    for (const host of this.#clockwork.hosts()) if (host.address === address && host.serving !== null) return respondAsHost(host);
    return null;
  }

  #deskOf({ address }: NtpResponder): NtpDesk {
    const known = this.#desks.get(address) ?? new NtpDesk();
    this.#desks.set(address, known);
    return known;
  }

  #carry(packet: Packet, arrive: (packet: Packet) => void): void {
    const now = this.#clockwork.now();
    if (this.#options.loses?.(packet, now)) return;
    this.#options.rewrites?.(packet, now);
    this.#clockwork.at(now + this.#options.delay(packet), () => arrive(packet));
  }
}
