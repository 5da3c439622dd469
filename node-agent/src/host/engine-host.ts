/**
 * The only place where the engine meets the kernel: native records become HostEvents, Actions become calls. Everything the
 * kernel refuses becomes an event again (PortLost) or a counted error; nothing here throws into the event loop.
 */
import type {
  Action,
  ClockMemory,
  Engine,
  EngineConfig,
  EngineEvent,
  ForeignSteering,
  HostEvent,
  PortId,
  Publication,
} from "@meridian/engine";
import type { FdTimer, Port } from "@meridian/native";
import { getSystemErrorName } from "node:util";
import type { ClockSet, Reading } from "../clock/clock-set.js";
import { compareClocks } from "../clock/compare-clocks.js";
import { codeOf, messageOf } from "../errors.js";
import { Associations } from "./associations.js";
import { type NativeModule, nativeModule } from "../native-module.js";
import { KernelTruth } from "./kernel-truth.js";
import { agePublication } from "../publication/age-publication.js";
import type { PublishedPages } from "../publication/published-pages.js";
import { NtpService } from "./ntp-service.js";
import { ntpServicePart, type PortTrouble } from "./port-report.js";
import { NameResolver } from "./resolve-name.js";
import { RingReader, type RingRecord } from "./ring-reader.js";
import { SyncPrograms } from "./sync-programs.js";

/** IEEE 1588-2019 Annex C.1.2. */
const eventPort = 319;
const generalPort = 320;
/** Room for a burst of every node's Delay_Req while JavaScript is busy for a second. */
const receiveBufferBytes = 1 << 20;
/** The engine wants a reading of the clock at least once a second. */
const readingEverySeconds = 0.25;
/** A timer that fires later than that after its time, ms, says that the event loop stood still. */
const stallMs = 200;
/** Rings full that are read then: more is a flood, and other handles want their turn. */
const mostCatchUps = 64;
/** A wake-up at least this often, so that a stall can be told from having nothing to do. */
const longestSleepSeconds = 5;

export interface HostOutputs {
  publish(publication: Publication): void;
  emit(event: EngineEvent): void;
  /** A call failed: `subject` is "clock" (a command), "step", "page", "kernel" (what it is told of the clock), a port or a program. Told each time, at packet rate if need be. */
  failed(subject: string, code: string, message: string): void;
  /** A call succeeded, of "clock", "step", "page", "kernel" or a program. Told each time as well. */
  worked(subject: string): void;
  /** A port or association was opened (`because` null), or could not be or was lost: errno or MER_… name. Tried again for ever. */
  portChanged(port: PortId, because: string | null): void;
  /** The clock was stepped by `by` ns. */
  stepped(by: number): void;
  /** The clock was told to run at `ppb` until raw time `untilRaw`, s, and at `thenPpb` from then on. */
  commanded(ppb: number, untilRaw: number, thenPpb: number): void;
  /** The clock was read: what somebody else did to it is seen here. */
  wasRead(reading: Reading): void;
}

interface OpenPort {
  readonly port: Port;
  readonly reader: RingReader;
  readonly clock: string;
  /** How its sockets wake us when packets may not wait. */
  readonly polled: "lazy" | "always";
}

export class EngineHost {
  readonly #engine: Engine;
  readonly #clocks: ClockSet;
  readonly #pages: PublishedPages;
  readonly #outputs: HostOutputs;
  readonly #native: NativeModule;
  readonly #timer: FdTimer;
  readonly #ports = new Map<PortId, OpenPort>();
  readonly #programs: SyncPrograms;
  readonly #associations: Associations;
  readonly #ntpService: NtpService;
  readonly #kernelTruth: KernelTruth;
  /** Of the ports that were closed, as statistics() returns it. */
  readonly #closedStatistics = [0, 0, 0, 0, 0];
  /** Events that a call produced; handled once the current ones are done. */
  readonly #pending: HostEvent[] = [];
  #lastReading = Number.NEGATIVE_INFINITY;
  #lastTick = performance.now();
  /** When the timer should fire, ms. */
  #due = Number.POSITIVE_INFINITY;
  /** Packets may wait in the sockets that long, ms; 0: they are read as they come. */
  #patienceMs = 0;
  #lastDrain = 0;
  #closed = false;

  constructor(engine: Engine, clocks: ClockSet, pages: PublishedPages, outputs: HostOutputs, native: NativeModule = nativeModule) {
    this.#engine = engine;
    this.#clocks = clocks;
    this.#pages = pages;
    pages.onDisruption(() => this.#disrupted());
    this.#outputs = outputs;
    this.#native = native;
    this.#timer = new native.FdTimer(() => this.#wake());
    this.#programs = new SyncPrograms({
      create: (port, { clock, ...templates }) =>
        new native.SyncProgram({ ...templates, interfaceName: port, clock: clocks.get(clock), eventPort, generalPort }),
      failed: (instance, { code, message }) => outputs.failed(instance, code, message),
      worked: (instance) => outputs.worked(instance),
      now: () => performance.now(),
    });
    const resolver = new NameResolver();
    this.#associations = new Associations(native, {
      clockOf: (uri) => clocks.get(uri),
      resolve: (name) => resolver.resolve(name),
      deliver: (event) => this.#handle(event),
      endBatch: () => this.#tick(),
      dropped: (port, reason) => outputs.emit({ kind: "PacketDropped", port, reason }),
      changed: (association, because) => outputs.portChanged(association, because),
      now: () => clocks.now(),
    });
    this.#ntpService = new NtpService(native, {
      clockOf: (uri) => clocks.get(uri),
      failed: ({ code, message }) => outputs.failed(ntpServicePart, code, message),
      worked: () => outputs.worked(ntpServicePart),
      now: () => performance.now(),
      readClock: () => clocks.read(),
    });
    this.#kernelTruth = new KernelTruth(() => clocks.own, {
      failed: (code, message) => outputs.failed("kernel", code, message),
      worked: () => outputs.worked("kernel"),
      now: () => performance.now(),
      wallClock: () => Date.now(),
    });
  }

  /** Applies a configuration live. */
  configure(config: EngineConfig): void {
    // The engine decides as it is configured; what the clock did until now it has to hear first, and of another clock afterwards.
    this.#readClock();
    this.#handlePending();
    this.#kernelTruth.configure(config);
    this.#run(this.#engine.configure(config, this.#clocks.now()));
    this.#readClock();
    this.#tick();
  }

  /** Somebody else steers the node's clock: command nothing until that ends (null). */
  share(foreign: ForeignSteering | null): void {
    this.#kernelTruth.share(foreign !== null);
    this.#engine.share(foreign);
    this.#tick();
  }

  /** A thermometer of the node was read. */
  sense(sensor: string, celsius: number): void {
    if (this.#closed) return;
    try {
      this.#handle({ kind: "TemperatureRead", sensor, celsius, at: this.#clocks.now() });
    } catch (error) {
      // A clock that has vanished has no time to note it at; its own commands and readings say so as well.
      this.#outputs.failed("clock", codeOf(error, "MER_AGENT_CLOCK_FAILED"), messageOf(error));
    }
  }

  /** What was known when the last process ended, in this one's frame; after configure(). */
  recall(memory: ClockMemory): void {
    this.#engine.recall(memory, this.#clocks.now());
    this.#tick();
  }

  /** Milliseconds since the engine last ran: what the liveness probe looks at. */
  get idleMilliseconds(): number {
    return performance.now() - this.#lastTick;
  }

  /** [packets, wake-ups, transmit stamps, ring drops, send errors] since the start, over all ports and associations. */
  statistics(): number[] {
    const total = [...this.#closedStatistics];
    for (const { port } of this.#ports.values()) addTo(total, port.statistics());
    for (const more of this.#associations.statistics()) addTo(total, more);
    return total;
  }

  /** [answers, of them interleaved, not allowed, malformed, rate-limited, send errors]; null: this node serves no NTP. */
  ntpStatistics(): number[] | null {
    return this.#ntpService.statistics();
  }

  /** Begins Sync programs again that do not send. @returns the parts that serve nobody though their port is open */
  judgePrograms(): ReadonlyMap<string, PortTrouble> {
    const silent = this.#programs.judge();
    const { trouble } = this.#ntpService;
    return trouble === null ? silent : new Map([...silent, [ntpServicePart, trouble]]);
  }

  /** Ends everything that runs; the clock keeps its last frequency. */
  close(): void {
    this.#closed = true;
    this.#timer.close();
    for (const id of [...this.#ports.keys()]) this.#closePort(id);
    this.#associations.closeAll();
    this.#ntpService.close();
  }

  /**
   * After a stall the sockets are read before the clock is looked at: what waits there came in time, and a timeout that is
   * judged first would give up a sender that never fell silent.
   */
  #wake(): void {
    const now = performance.now();
    const waited = this.#patienceMs > 0 && now - this.#lastDrain >= this.#patienceMs;
    if (waited || now - this.#due > stallMs) {
      this.#lastDrain = now;
      for (const [id, { port }] of [...this.#ports]) this.#catchUp(id, port);
      this.#associations.catchUp();
    }
    this.#tick();
  }

  /** While packets may wait, their arrival wakes nobody: the timer does, for all that came meanwhile. */
  #setPatience(seconds: number): void {
    const before = this.#patienceMs;
    this.#patienceMs = seconds * 1e3;
    if (before > 0 === seconds > 0) return;
    this.#lastDrain = performance.now();
    for (const { port, polled } of this.#ports.values()) port.setEventPoll(seconds > 0 ? "never" : polled);
  }

  #catchUp(id: PortId, port: Port): void {
    try {
      for (let round = 0; round < mostCatchUps && port.drain() > 0 && this.#take(id); round += 1);
    } catch (error) {
      this.#outputs.failed(id, codeOf(error, "MER_AGENT_PORT_FAILED"), messageOf(error));
    }
  }

  /** Closes a batch: the engine looks at its timers and steers, then the timer is set to its next deadline. */
  #tick(): void {
    if (this.#closed) return;
    this.#lastTick = performance.now();
    const at = this.#clocks.now();
    if (at - this.#lastReading >= readingEverySeconds) this.#readClock();
    // First: nothing that is decided now may rest on what the clock was believed to do while nothing ran.
    this.#handlePending();
    this.#handle({ kind: "Deadline", at });
    this.#setPatience(this.#engine.patience());
    const now = performance.now();
    const drainMs = this.#patienceMs > 0 ? this.#lastDrain + this.#patienceMs - now : Number.POSITIVE_INFINITY;
    const delay = Math.min(Math.max(Math.min(this.#engine.deadline() - this.#clocks.now(), drainMs / 1e3), 0), longestSleepSeconds);
    this.#due = now + delay * 1e3;
    this.#timer.arm(delay * 1e9);
  }

  /** The engine hears of the clock's new era before it decides anything else: what it says of the old one is void already. */
  #disrupted(): void {
    if (this.#closed) return;
    this.#readClock();
    this.#handlePending();
    this.#tick();
  }

  #handle(event: HostEvent): void {
    this.#run(this.#engine.handle(event));
    this.#handlePending();
  }

  #handlePending(): void {
    for (let next = this.#pending.shift(); next; next = this.#pending.shift()) this.#run(this.#engine.handle(next));
  }

  #readClock(): void {
    const reading = this.#clocks.read();
    const { raw, steering, frequency, era } = reading;
    this.#lastReading = raw;
    this.#outputs.wasRead(reading);
    this.#pending.push({
      kind: "FrequencyApplied",
      clock: this.#clocks.own.uri,
      ppb: frequency,
      steering,
      era,
      notBefore: raw,
      notAfter: raw,
    });
  }

  #run(actions: readonly Action[]): void {
    for (const action of actions) this.#act(action);
  }

  #act(action: Action): void {
    switch (action.kind) {
      case "Send":
        return this.#send(action);
      case "SetFrequency":
        return this.#command(action.command.ppb, action.command.untilRaw, action.command.thenPpb);
      case "Step":
        return this.#step(action.by);
      case "Publish":
        return this.#publish(action.publication);
      case "OpenPort":
        return this.#openPort(action);
      case "ClosePort":
        return this.#closePort(action.port);
      case "ProgramSync":
        return this.#programSync(action);
      case "CompareClock":
        return this.#compare(action.reference);
      case "OpenAssociation":
        return this.#associations.open(action);
      case "CloseAssociation":
        return this.#associations.close(action.association);
      case "SendDatagram":
        return this.#sendDatagram(action);
      case "ServeNtp":
        return this.#ntpService.serve(action.server);
      case "Emit":
        return this.#outputs.emit(action.event);
    }
  }

  #send({ port: id, socket, bytes, key }: Extract<Action, { kind: "Send" }>): void {
    const open = this.#ports.get(id);
    if (!open) return;
    const errno = socket === "event" ? open.port.sendEvent(bytes, bytes.length, key) : open.port.sendGeneral(bytes, bytes.length);
    // Counted by the module; the engine treats a request without a stamp as one lost sample.
    if (errno !== 0 && socket === "event") this.#pending.push({ kind: "TransmitMissing", port: id, key });
  }

  #compare(reference: string): void {
    try {
      this.#pending.push({ kind: "ClockCompared", reference, ...compareClocks(this.#clocks.own, this.#clocks.get(reference)) });
      this.#outputs.worked(reference);
    } catch (error) {
      // One comparison less; a device that vanished is asked again in a second.
      this.#outputs.failed(reference, codeOf(error, "MER_AGENT_CLOCK_FAILED"), messageOf(error));
    }
  }

  #sendDatagram(action: Extract<Action, { kind: "SendDatagram" }>): void {
    const { association: port, key } = action;
    if (!this.#associations.send(action)) this.#pending.push({ kind: "TransmitMissing", port, key });
  }

  #command(ppb: number, untilRaw: number, thenPpb: number): void {
    // A command wipes out whatever somebody else did to the clock's frequency: it is looked for first.
    this.#outputs.wasRead(this.#clocks.read());
    try {
      this.#clocks.own.command(ppb, untilRaw, thenPpb);
      this.#outputs.commanded(ppb, untilRaw, thenPpb);
      this.#outputs.worked("clock");
    } catch (error) {
      this.#outputs.failed("clock", codeOf(error, "MER_AGENT_CLOCK_FAILED"), messageOf(error));
    }
    this.#readClock();
  }

  #step(by: number): void {
    try {
      this.#pages.whileVoid(by, () => this.#clocks.own.step(by));
      this.#kernelTruth.forget();
      this.#outputs.worked("step");
      this.#outputs.stepped(by);
      const { raw, era } = this.#clocks.read();
      this.#pending.push({ kind: "Stepped", clock: this.#clocks.own.uri, by, era, at: raw });
    } catch (error) {
      this.#outputs.failed("step", codeOf(error, "MER_AGENT_CLOCK_FAILED"), messageOf(error));
    }
    this.#readClock();
  }

  #publish(publication: Publication): void {
    // A page counts from when it is written; a process that was stopped between decision and page would write an old bound as fresh.
    const age = Math.max(0, this.#clocks.now() - publication.raw);
    const { alive, calibrated, guaranteed } = agePublication(publication, age);
    try {
      this.#pages.publish({
        guaranteedNs: guaranteed ?? Number.NaN,
        guaranteedGrowthPpb: publication.guaranteedGrowth,
        calibratedNs: calibrated ?? Number.NaN,
        calibratedGrowthPpb: publication.calibratedGrowth,
        voidAfterSeconds: Math.max(0, publication.voidAfter - age),
        status: alive ? pageStatus(publication) : 0,
        era: publication.era,
      });
      this.#outputs.worked("page");
    } catch (error) {
      // A full disk: what stands on the page becomes void by itself, and everybody else is told as ever.
      this.#outputs.failed("page", "MER_AGENT_PAGE_FAILED", messageOf(error));
    }
    this.#kernelTruth.publish({ ...publication, calibrated, guaranteed }, alive && pageStatus(publication) !== 0);
    this.#outputs.publish(publication);
  }

  #openPort({ port: id, clock, dscp, answersRequests }: Extract<Action, { kind: "OpenPort" }>): void {
    const at = this.#clocks.now();
    try {
      const eventPoll = answersRequests ? "always" : "lazy";
      const options = {
        interfaceName: id,
        clock: this.#clocks.get(clock),
        eventPort,
        generalPort,
        dscp,
        receiveBufferBytes,
        eventPoll,
      } as const;
      const port = new this.#native.Port(options, () => this.#drain(id));
      this.#ports.set(id, { port, reader: new RingReader(id, port.ring), clock, polled: eventPoll });
      this.#pending.push({ kind: "PortReady", port: id, hardwareAddress: port.hardwareAddress, at });
      this.#outputs.portChanged(id, null);
    } catch (error) {
      const code = codeOf(error, "MER_AGENT_PORT_FAILED");
      this.#pending.push({ kind: "PortLost", port: id, code, at });
      this.#outputs.portChanged(id, code);
    }
  }

  #closePort(id: PortId): void {
    const open = this.#ports.get(id);
    if (!open) return;
    this.#ports.delete(id);
    this.#programs.endOn(id);
    addTo(this.#closedStatistics, open.port.statistics());
    open.port.close();
  }

  #drain(id: PortId): void {
    this.#take(id);
    this.#tick();
  }

  /**
   * Hands over what the ring holds. A socket error is a lost port: close it, the engine opens it again.
   * @returns false when the port is no longer open
   */
  #take(id: PortId): boolean {
    const open = this.#ports.get(id);
    if (!open || this.#closed) return false;
    let lost: number | null = null;
    open.reader.drain(this.#clocks.now(), (record: RingRecord) => {
      if (record.kind === "error") lost = record.errno;
      else if (record.kind === "oversized") this.#outputs.emit({ kind: "PacketDropped", port: id, reason: "oversized" });
      else this.#handle(record);
    });
    if (lost !== null) this.#losePort(id, lost);
    return lost === null;
  }

  #losePort(id: PortId, errno: number): void {
    const code = getSystemErrorName(-errno);
    this.#closePort(id);
    this.#outputs.portChanged(id, code);
    this.#handle({ kind: "PortLost", port: id, code, at: this.#clocks.now() });
  }

  #programSync({ port, instance, program }: Extract<Action, { kind: "ProgramSync" }>): void {
    if (this.#ports.has(port)) this.#programs.set(port, instance, program);
  }
}

function addTo(total: number[], more: readonly number[]): void {
  more.forEach((value, index) => (total[index] = (total[index] ?? 0) + value));
}

/** ClockBound's words: 1 synchronized, 2 free running, 0 unknown. */
const wordOfState: Readonly<Record<Publication["state"], 0 | 1 | 2>> = {
  PhaseAligned: 1,
  FrequencyLocked: 1,
  Holdover: 2,
  FreeRunning: 0,
  Acquiring: 0,
  Conflicted: 0,
  Unknown: 0,
};

/** ClockBound's word for our state: what its readers act on. */
function pageStatus({ state, guaranteed }: Publication): 0 | 1 | 2 {
  if (guaranteed === null) return 0;
  return wordOfState[state];
}
