/** What an NTP server says of its clock, as src/ntp_statement.rs has it. */
import { nativeError } from "./native-error.js";

/** RFC 5905 7.3 and section 15. */
const headerOctets = 48;
const serverMode = 4;
const unsynchronizedStratum = 16;
const largestDispersion = 16 << 16;
const dispersionAt = 8;
const referenceIdAt = 12;
const coarsePrecision = 0x100 - 20;

export class FakeStatement {
  readonly #header: Uint8Array;
  readonly #growthPpb: number;
  readonly #madeAt: number;
  readonly #validNs: number;
  /** null: of no clock. */
  readonly #era: number | null;

  /** For the time before the first template. */
  static get unsynchronized(): FakeStatement {
    const header = new Uint8Array(headerOctets);
    header.set([serverMode, 0, 0, coarsePrecision]);
    return new FakeStatement(header, 0, 0, 0, null);
  }

  /** @param madeAt ns since the machine's start. @throws MER_NATIVE_ARGUMENT */
  constructor(template: Uint8Array, growthPpb: number, madeAt: number, validNs: number, era: number | null) {
    if (template.length !== headerOctets)
      throw nativeError("MER_NATIVE_ARGUMENT", `the template has ${template.length} octets, not ${headerOctets}`);
    const mode = (template[0] ?? 0) & 7;
    if (mode !== serverMode) throw nativeError("MER_NATIVE_ARGUMENT", `the template has mode ${mode}, not ${serverMode}`);
    this.#header = template.slice();
    this.#growthPpb = growthPpb;
    this.#madeAt = madeAt;
    this.#validNs = validNs;
    this.#era = era;
  }

  /** A header of its own for an answer at `at` on a clock of `era`. */
  at(at: number, era: number): Uint8Array<ArrayBuffer> {
    const header = Uint8Array.from(this.#header);
    const view = new DataView(header.buffer);
    const age = at - this.#madeAt;
    const [leap, stratum] = [view.getUint8(0) >> 6, view.getUint8(1)];
    const isSound = leap !== 3 && stratum > 0 && stratum < unsynchronizedStratum;
    if (this.#era !== era || age > this.#validNs || !isSound) {
      view.setUint8(0, view.getUint8(0) | 0xc0);
      view.setUint8(1, 0);
      view.setUint32(dispersionAt, largestDispersion);
      view.setUint32(referenceIdAt, 0);
      return header;
    }
    const grown = view.getUint32(dispersionAt) + Math.ceil(age * 1e-9 * this.#growthPpb * 1e-9 * 65_536);
    view.setUint32(dispersionAt, Math.min(grown, 0xffff_ffff));
    return header;
  }
}
