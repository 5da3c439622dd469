/** Looks after the hub's keys while the operator runs: the leader replaces them in time, every replica serves with what stands. */
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf, type Log } from "kopf-ts";
import { messageOf } from "../errors.js";
import type { HubCertificates } from "./certificates.js";
import type { HubIdentity } from "./hub-identity.js";

export interface FollowIdentityOptions {
  readonly identity: HubIdentity;
  readonly leading: () => boolean;
  readonly periodMs: number;
  readonly log: Log;
  /** The keys that the hub serves with now. */
  readonly serving: HubCertificates;
  readonly replace: (certificates: HubCertificates) => void;
}

/** Returns when `signal` aborts; never throws. */
export async function followIdentity(options: FollowIdentityOptions, signal: AbortSignal): Promise<void> {
  const { identity, leading, log, periodMs, replace } = options;
  let { serving } = options;
  let reason = "";
  while (!signal.aborted) {
    await sleep(periodMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const certificates = await identity.ensure(leading());
      if (certificates.certificate !== serving.certificate) {
        replace(certificates);
        serving = certificates;
        log.info({}, "the hub serves with another key; streams go on");
      }
      reason = "";
    } catch (error) {
      const message = messageOf(error);
      // Once per reason: the keys in use are good, and the next look is soon.
      if (message !== reason) log.warn({ code: codeOf(error), reason: message }, "cannot look after the hub's keys now");
      reason = message;
    }
  }
}
