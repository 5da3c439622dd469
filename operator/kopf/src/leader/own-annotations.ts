/** What this process writes into the Lease's annotations, and takes out again: of those that it wrote before and means no more. */
import type { Log } from "../log/log.js";
import type { LeaderElectionOptions } from "./leadership.js";
import type { Annotations } from "./lease-access.js";

export interface OwnAnnotations {
  /** As the author wants them at this moment; none when asking him throws. */
  now(): Annotations;
  /** Everything of ours goes. */
  none(): Annotations;
}

export function createOwnAnnotations(election: LeaderElectionOptions, log: Log): OwnAnnotations {
  let own: readonly string[] = [];

  const write = (wanted: Readonly<Record<string, string>>): Annotations => {
    const dropped = own.filter((key) => !(key in wanted)).map((key) => [key, null]);
    own = Object.keys(wanted);
    return { ...wanted, ...(Object.fromEntries(dropped) as Annotations) };
  };

  return {
    none: () => write({}),
    now() {
      try {
        return write(election.annotations?.() ?? {});
      } catch (err) {
        log.error({ lease: election.name, err }, "the annotations of the lease cannot be had");
        return write({});
      }
    },
  };
}
