/**
 * A network segment of whole engines: packets, ports and clocks simulated at the host contract, so that the engine under test
 * is the one that runs on a node. Truth is the segment's own time.
 */
import type { EngineConfig } from "../engine-config.js";
import type { ClockId } from "../ensemble/measurement.js";
import type { Action, HostEvent, PortId } from "../host.js";
import { EventQueue } from "./event-queue.js";
import type { NtpResponder } from "./ntp-responder.js";
import { type Program, SegmentHost, type SegmentHostOptions } from "./segment-host.js";
import { SegmentNtp } from "./segment-ntp.js";

/** A transmit stamp is read that long after its packet went, s. */
const transmitStampAfter = 30e-6;
/** Two readings of a clock and one of another between them take that long, s. */
const readingTakes = 2e-6;

export interface Packet {
  readonly from: string;
  readonly to: string;
  readonly socket: "event" | "general";
  readonly bytes: Uint8Array;
}

export interface SegmentOptions {
  /** One-way delay in s of a packet. */
  readonly delay: (packet: Packet) => number;
  /** true: the packet is lost. */
  readonly loses?: (packet: Packet, at: number) => boolean;
  /** May write into the bytes of a packet on its way. */
  readonly rewrites?: (packet: Packet, at: number) => void;
  /** POSIX second at which it begins (default: epochSeconds). */
  readonly epoch?: number;
  /** true: the kernel gives no transmit stamp. */
  readonly withholdsStamp?: (host: string, at: number) => boolean;
}

export class Segment {
  readonly hosts = new Map<string, SegmentHost>();
  readonly ntp: SegmentNtp;
  now = 0;
  readonly #options: SegmentOptions;
  readonly #queue = new EventQueue();
  /** Hosts have addresses of their own, also after others have gone. */
  #numbers = 1;

  constructor(options: SegmentOptions) {
    this.#options = options;
    this.ntp = new SegmentNtp(options, {
      now: () => this.now,
      at: (at, run) => this.#at(at, run),
      tell: (host, event) => {
        this.#give(host, event);
        this.#settle(host);
      },
      hosts: () => this.hosts.values(),
    });
  }

  /** An NTP server, reached at its address. */
  addServer<Server extends NtpResponder>(server: Server): Server {
    this.ntp.servers.set(server.address, server);
    return server;
  }

  add(options: SegmentHostOptions, config: EngineConfig): SegmentHost {
    const host = new SegmentHost(options, this.#numbers++, this.#options.epoch);
    this.hosts.set(host.name, host);
    this.configure(host, config);
    return host;
  }

  configure(host: SegmentHost, config: EngineConfig): void {
    this.#read(host);
    this.#carryOut(host, host.engine.configure(config, host.raw(this.now)));
    this.#settle(host);
  }

  /** The host is gone at once: no packet, no timer. */
  remove(host: SegmentHost): void {
    this.hosts.delete(host.name);
    host.programs.clear();
  }

  /** A packet out of nowhere, as any machine of the network could send it. */
  inject(host: SegmentHost, bytes: Uint8Array, socket: "event" | "general" = "event", source = "192.0.2.66"): void {
    this.#give(host, { kind: "PacketReceived", port: "eth0", socket, bytes, stamp: host.stamp(this.now), source, at: host.raw(this.now) });
    this.#settle(host);
  }

  /** The interface vanishes. */
  losePort(host: SegmentHost): void {
    host.interfaces.delete("eth0");
    host.open.delete("eth0");
    host.programs.clear();
    this.#give(host, { kind: "PortLost", port: "eth0", code: "ENETDOWN", at: host.raw(this.now) });
    this.#settle(host);
  }

  /** Runs until truth says `until`, s. `watch` is called every `every` s. */
  run(until: number, watch?: (at: number) => void, every = 0.1): void {
    if (watch)
      for (let next = this.now + every; next <= until; next += every) {
        const at = next;
        this.#at(at, () => watch(at));
      }
    for (;;) {
      const event = this.#queue.take(until);
      if (!event) break;
      this.now = event.at;
      event.run();
    }
    this.now = until;
  }

  #at(at: number, run: () => void): void {
    this.#queue.add(Math.max(at, this.now), run);
  }

  #give(host: SegmentHost, event: HostEvent): void {
    if (this.hosts.get(host.name) === host) this.#carryOut(host, host.engine.handle(event));
  }

  /** Ends a batch, and comes back at the engine's deadline. */
  #settle(host: SegmentHost): void {
    if (this.hosts.get(host.name) !== host) return;
    this.#give(host, { kind: "Deadline", at: host.raw(this.now) });
    const due = host.whenRaw(host.engine.deadline());
    if (Number.isFinite(due)) this.#at(Math.max(due, this.now + 1e-6), () => this.#wake(host, due));
  }

  /** Deadlines move: a timer that was overtaken by a later event does nothing. */
  #wake(host: SegmentHost, due: number): void {
    if (host.whenRaw(host.engine.deadline()) > Math.max(due, this.now) + 1e-9) return;
    this.#read(host);
    this.#settle(host);
  }

  #read(host: SegmentHost): void {
    const raw = host.raw(this.now);
    const steering = host.steeringAt(this.now);
    this.#give(host, {
      kind: "FrequencyApplied",
      clock: "clock",
      ppb: host.frequencyCommand,
      steering,
      era: host.era,
      notBefore: raw,
      notAfter: raw,
    });
  }

  #carryOut(host: SegmentHost, actions: readonly Action[]): void {
    for (const action of [...actions]) this.#act(host, action);
  }

  #act(host: SegmentHost, action: Action): void {
    switch (action.kind) {
      case "Send":
        return this.#send(host, action);
      case "ProgramSync":
        return this.#program(host, action);
      case "SetFrequency":
        host.command(this.now, action.command);
        return this.#read(host);
      case "Step":
        host.step(this.now, action.by);
        this.#give(host, { kind: "Stepped", clock: action.clock, by: action.by, era: host.era, at: host.raw(this.now) });
        return this.#read(host);
      case "OpenPort":
        return this.#openPort(host, action.port);
      case "ClosePort":
        host.open.delete(action.port);
        return;
      case "OpenAssociation":
        return this.ntp.open(host, action);
      case "CloseAssociation":
        host.associations.delete(action.association);
        return;
      case "SendDatagram":
        return this.ntp.send(host, action);
      case "ServeNtp":
        host.serving = action.server && { server: action.server, since: host.raw(this.now) };
        return;
      case "CompareClock":
        return this.#compare(host, action.reference);
      case "Publish":
        host.publications.push({ at: this.now, what: action.publication });
        return;
      case "Emit":
        host.events.push(action.event);
        return;
    }
  }

  #openPort(host: SegmentHost, port: PortId): void {
    const at = host.raw(this.now);
    if (!host.interfaces.has(port)) return this.#give(host, { kind: "PortLost", port, code: "ENODEV", at });
    host.open.add(port);
    this.#give(host, { kind: "PortReady", port, hardwareAddress: host.hardwareAddress, at });
  }

  /** The other clock between two readings of the host's own. */
  #compare(host: SegmentHost, reference: ClockId): void {
    const reading = host.otherClocks.get(reference)?.(this.now + readingTakes / 2) ?? null;
    if (reading === null) return;
    const before = host.stamp(this.now);
    this.#at(this.now + readingTakes, () => {
      this.#give(host, { kind: "ClockCompared", reference, before, ...reading, after: host.stamp(this.now) });
      this.#settle(host);
    });
  }

  #send(host: SegmentHost, { port, socket, bytes, key }: Extract<Action, { kind: "Send" }>): void {
    if (!host.open.has(port)) return;
    if (socket === "event") {
      const stamp = host.stamp(this.now);
      const missing = this.#options.withholdsStamp?.(host.name, this.now) === true;
      this.#at(this.now + transmitStampAfter, () => {
        this.#give(host, missing ? { kind: "TransmitMissing", port, key } : { kind: "TransmitStamped", port, key, stamp });
        this.#settle(host);
      });
    }
    this.#deliver(host, socket, bytes);
  }

  #deliver(from: SegmentHost, socket: "event" | "general", bytes: Uint8Array): void {
    for (const to of this.hosts.values()) {
      if (to === from || !to.open.has("eth0")) continue;
      const packet = { from: from.name, to: to.name, socket, bytes: Uint8Array.from(bytes) };
      if (this.#options.loses?.(packet, this.now)) continue;
      this.#options.rewrites?.(packet, this.now);
      this.#at(this.now + this.#options.delay(packet), () => {
        if (!to.open.has("eth0")) return;
        const stamp = socket === "event" ? to.stamp(this.now) : null;
        const { address: source } = from;
        this.#give(to, { kind: "PacketReceived", port: "eth0", socket, bytes: packet.bytes, stamp, source, at: to.raw(this.now) });
        this.#settle(to);
      });
    }
  }

  #program(host: SegmentHost, { instance, port, program: templates }: Extract<Action, { kind: "ProgramSync" }>): void {
    host.programs.delete(instance);
    if (!templates) return;
    const program: Program = { templates, port, sequence: 0, next: this.now };
    host.programs.set(instance, program);
    this.#at(program.next, () => this.#sendSync(host, instance, program));
  }

  /** Sync now, Follow_Up as soon as its transmit stamp is there. */
  #sendSync(host: SegmentHost, instance: string, program: Program): void {
    if (host.programs.get(instance) !== program || this.hosts.get(host.name) !== host) return;
    const { sync, followUp, logInterval, labelOffsetSeconds } = program.templates;
    const { seconds, nanoseconds } = host.stamp(this.now);
    const number = (bytes: Uint8Array): Uint8Array => {
      const copy = Uint8Array.from(bytes);
      new DataView(copy.buffer).setUint16(30, program.sequence);
      return copy;
    };
    const precise = number(followUp);
    const view = new DataView(precise.buffer);
    view.setUint16(34, 0);
    view.setUint32(36, seconds + labelOffsetSeconds);
    view.setUint32(40, nanoseconds);
    this.#deliver(host, "event", number(sync));
    this.#at(this.now + transmitStampAfter, () => this.#deliver(host, "general", precise));
    program.sequence = (program.sequence + 1) & 0xffff;
    program.next += 2 ** logInterval;
    this.#at(program.next, () => this.#sendSync(host, instance, program));
  }
}
