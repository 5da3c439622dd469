/** A timeReceiver on its own, driven message by message. */
import type { Measurement } from "../../ensemble/measurement.js";
import type { Stamp } from "../../host.js";
import type { PortIdentity } from "../../wire/ptp/identity.js";
import { type AnnounceBody, flag, type Header, type PtpMessage } from "../../wire/ptp/message.js";
import { type ReceiverData, type ReceiverStep, startReceiver, type TimeReceiverConfig } from "../receiver-data.js";
import { stampRequest } from "../receiver-exchange.js";
import { receiveMessage, tickReceiver } from "../time-receiver.js";

export const me: PortIdentity = { clockIdentity: 0x99n, portNumber: 1 };
export const gmA: PortIdentity = { clockIdentity: 0xan, portNumber: 1 };
export const gmB: PortIdentity = { clockIdentity: 0xbn, portNumber: 1 };

const base: TimeReceiverConfig = {
  link: "gm",
  clock: "clock",
  clockScale: "TAI",
  domainNumber: 0,
  port: me,
  announceInterval: 1,
  syncInterval: 0.125,
  delayRequestInterval: 1,
  announceReceiptTimeout: 3,
  arbitraryTimescale: "Refuse",
  acceptableAddresses: [],
  acceptableClockIdentity: null,
  uncertainty: null,
};

export const stamp = (seconds: number, nanoseconds: number, raw = seconds): Stamp => ({ seconds, nanoseconds, raw, steering: 7 });

/** A receiver and what came out of it so far. */
export class Receiver {
  data: ReceiverData = startReceiver();
  readonly measurements: Measurement[] = [];
  readonly requests: number[] = [];
  readonly dropped: string[] = [];
  readonly config: TimeReceiverConfig;

  constructor(change: Partial<TimeReceiverConfig> = {}) {
    this.config = { ...base, ...change };
  }

  announce(from: PortIdentity, at: number, body: Partial<AnnounceBody> = {}, flags: number = flag.ptpTimescale): this {
    return this.give(
      {
        type: "Announce",
        header: header(from, 0, { flags }),
        body: {
          origin: { seconds: 0, nanoseconds: 0 },
          currentUtcOffset: 37,
          priority1: 128,
          quality: { clockClass: 6, clockAccuracy: 0x21, offsetScaledLogVariance: 0x4e5d },
          priority2: 128,
          grandmasterIdentity: from.clockIdentity,
          stepsRemoved: 0,
          timeSource: 0x20,
          ...body,
        },
      },
      null,
      at,
    );
  }

  /** Followed since raw 1 s. */
  following(from: PortIdentity = gmA, body: Partial<AnnounceBody> = {}, flags: number = flag.ptpTimescale): this {
    return this.announce(from, 0, body, flags).announce(from, 1, body, flags);
  }

  sync(sequenceId: number, at: Stamp | null, change: Partial<Header> = {}, origin = { seconds: 0, nanoseconds: 0 }): this {
    return this.give({ type: "Sync", header: header(gmA, sequenceId, { flags: flag.twoStep, ...change }), origin }, at, at?.raw ?? 0);
  }

  followUp(sequenceId: number, seconds: number, nanoseconds: number, change: Partial<Header> = {}): this {
    return this.give(
      { type: "Follow_Up", header: header(gmA, sequenceId, change), preciseOrigin: { seconds, nanoseconds } },
      null,
      seconds,
    );
  }

  response(sequenceId: number, seconds: number, nanoseconds: number, change: Partial<Header> = {}, requester = me): this {
    const receive = { seconds, nanoseconds };
    return this.give({ type: "Delay_Resp", header: header(gmA, sequenceId, change), receive, requester }, null, seconds);
  }

  stamped(sequenceId: number, at: Stamp | null): this {
    return this.take(stampRequest(this.config, this.data, sequenceId, at, 3));
  }

  tick(at: number, random = 0.5): this {
    return this.take(tickReceiver(this.config, this.data, at, random));
  }

  give(message: PtpMessage, at: Stamp | null, raw: number, address = "10.0.0.1"): this {
    return this.take(receiveMessage(this.config, this.data, message, at, address, raw, 3));
  }

  get values(): (readonly [string, number])[] {
    return this.measurements.map(({ kind, value }) => [kind, value] as const);
  }

  private take({ data, outputs }: ReceiverStep): this {
    this.data = data;
    for (const output of outputs) {
      if (output.kind === "measure") this.measurements.push(output.measurement);
      else if (output.kind === "request") this.requests.push(output.sequenceId);
      else this.dropped.push(output.reason);
    }
    return this;
  }
}

export function header(source: PortIdentity, sequenceId: number, change: Partial<Header> = {}): Header {
  return { sdoId: 0, minorVersion: 1, domainNumber: 0, flags: 0, correction: 0, source, sequenceId, logInterval: 0x7f, ...change };
}
