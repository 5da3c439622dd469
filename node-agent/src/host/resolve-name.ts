/**
 * From the name of an NTP server to an IPv4 address. A resolver that hangs occupies one of the few threads that Node has for
 * such calls, so no more than two names are looked up at once, and none is waited for longer than a few seconds.
 */
import { lookup } from "node:dns/promises";
import { isIPv4 } from "node:net";

const mostLookups = 2;
const patienceMs = 5_000;

export class NameResolver {
  readonly #lookup: (name: string) => Promise<string>;
  readonly #patienceMs: number;
  #running = 0;

  /** @param look asks the system's resolver; given in tests */
  constructor(look: (name: string) => Promise<string> = lookupIPv4, patience: number = patienceMs) {
    this.#lookup = look;
    this.#patienceMs = patience;
  }

  /**
   * @param name IPv4, dotted, or a DNS name
   * @throws with `code`: that of the resolver (`ENOTFOUND`, `EAI_AGAIN`, …), `ETIMEDOUT`, or `EBUSY` while two others are looked up
   */
  async resolve(name: string): Promise<string> {
    if (isIPv4(name)) return name;
    if (this.#running >= mostLookups) throw Object.assign(new Error("other names are being looked up"), { code: "EBUSY" });
    this.#running += 1;
    // It ends with the lookup, not with our patience: the thread is occupied until then.
    const looking = this.#lookup(name).finally(() => (this.#running -= 1));
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(Object.assign(new Error("the resolver does not answer"), { code: "ETIMEDOUT" })), this.#patienceMs);
    });
    try {
      return await Promise.race([looking, tooLong]);
    } finally {
      clearTimeout(timer);
      looking.catch(() => undefined);
    }
  }
}

async function lookupIPv4(name: string): Promise<string> {
  const { address } = await lookup(name, { family: 4 });
  return address;
}
