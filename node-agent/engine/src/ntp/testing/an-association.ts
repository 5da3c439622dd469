/** An association on its own, and a server that answers what the test says. Times in s of truth; the local clock is `ahead` ns ahead. */
import type { Measurement } from "../../ensemble/measurement.js";
import type { Stamp } from "../../host.js";
import type { Instant, Nanoseconds } from "../../time/units.js";
import { decodeNtp } from "../../wire/ntp/decode.js";
import { encodeNtp } from "../../wire/ntp/encode.js";
import type { NtpHeader } from "../../wire/ntp/header.js";
import { timestampOf, zeroTimestamp } from "../../wire/ntp/timestamp.js";
import { openAssociation, receiveDatagram, stampRequest, tickAssociation } from "../association.js";
import { type AssociationData, type AssociationMachine, type AssociationStep, startAssociation } from "../association-data.js";

export const server = "192.0.2.7";
export const ourselves = "192.0.2.99";
const epoch = 1_790_000_000;

const base: AssociationMachine = {
  link: "a",
  clock: "clock",
  clockScale: "UTC",
  logMinPoll: 0,
  logMaxPoll: 0,
  interleaved: false,
  uncertainty: null,
};

/** True time `at` s, as an instant of UTC. */
export function trueInstant(at: number, ns = 0): Instant {
  const whole = Math.floor(at);
  const nanoseconds = Math.round((at - whole) * 1e9) + ns;
  const carry = Math.floor(nanoseconds / 1e9);
  return { seconds: epoch + whole + carry, nanoseconds: nanoseconds - carry * 1e9 };
}

export class Association {
  data: AssociationData;
  readonly config: AssociationMachine;
  readonly measurements: Measurement[] = [];
  readonly requests: { readonly sequence: number; readonly header: NtpHeader }[] = [];
  readonly dropped: string[] = [];
  reopened = 0;
  ahead: Nanoseconds = 5000;
  steering: Nanoseconds = 0;
  era = 3;
  #cookies = 0;

  constructor(change: Partial<AssociationMachine> = {}) {
    this.config = { ...base, ...change };
    this.data = openAssociation(this.config, startAssociation(this.config), server, ourselves, 0);
  }

  stamp(at: number): Stamp {
    return { ...trueInstant(at, this.ahead), raw: at, steering: this.steering };
  }

  open(at: number, address = server): this {
    this.data = openAssociation(this.config, this.data, address, ourselves, at);
    return this;
  }

  /** Every draw of randomness is another number. */
  tick(at: number): this {
    return this.take(tickAssociation(this.config, this.data, at, () => ((this.#cookies += 1) * 0.618_033_988_75) % 1));
  }

  /** @param which counted from 0 */
  sent(at: number, which = this.requests.length - 1): this {
    return this.take(stampRequest(this.config, this.data, this.requests[which]?.sequence ?? 0, this.stamp(at), this.era));
  }

  unsent(which = this.requests.length - 1): this {
    return this.take(stampRequest(this.config, this.data, this.requests[which]?.sequence ?? 0, null, this.era));
  }

  /** The answer to request `which` that was received at `receive` and says `transmit`, in basic mode unless `change` says otherwise. */
  answer(receive: number, transmit: number, which = this.requests.length - 1, change: Partial<NtpHeader> = {}): Uint8Array {
    const request = this.requests[which]?.header;
    if (!request) throw new Error("nothing was asked");
    return encodeNtp({
      leap: 0,
      version: 4,
      mode: 4,
      stratum: 1,
      poll: request.poll,
      precision: -30,
      rootDelay: 0,
      rootDispersion: 0,
      referenceId: 0x47505300,
      reference: zeroTimestamp,
      origin: request.transmit,
      receive: timestampOf(trueInstant(receive)),
      transmit: timestampOf(trueInstant(transmit)),
      ...change,
    });
  }

  hear(bytes: Uint8Array, at: number, stamped = true): this {
    return this.take(receiveDatagram(this.config, this.data, bytes, stamped ? this.stamp(at) : null, at, this.era));
  }

  /** A whole exchange that begins at `at`: 10 µs there, 5 µs in the server, 20 µs back. */
  exchange(at: number, change: Partial<NtpHeader> = {}): this {
    this.tick(at).sent(at);
    const which = this.requests.length - 1;
    return this.hear(this.answer(at + 10e-6, at + 15e-6, which, change), at + 35e-6);
  }

  get values(): (readonly [string, number])[] {
    return this.measurements.map(({ kind, value }) => [kind, value] as const);
  }

  private take({ data, outputs }: AssociationStep): this {
    this.data = data;
    for (const output of outputs) {
      if (output.kind === "measure") this.measurements.push(output.measurement);
      else if (output.kind === "dropped") this.dropped.push(output.reason);
      else if (output.kind === "reopen") this.reopened += 1;
      else {
        const decoded = decodeNtp(output.bytes);
        if (decoded.kind === "dropped") throw new Error(`a request that is ${decoded.reason}`);
        this.requests.push({ sequence: output.sequence, header: decoded.header });
      }
    }
    return this;
  }
}
