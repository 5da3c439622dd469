/** A source as the ensemble knows it: what the user says of it is the same over every protocol. */
import type { LinkConfig } from "./ensemble/contract.js";
import type { ReceiverInstanceConfig } from "./engine-config.js";

type SourceConfig = Pick<ReceiverInstanceConfig, "source" | "use" | "priority" | "independenceGroup" | "delayCompensation" | "uncertainty">;

/** @param path what its protocol and stamps say of the way to it */
export function linkOfSource(
  { source: id, use, priority, independenceGroup, delayCompensation, uncertainty }: SourceConfig,
  path: Pick<LinkConfig, "clock" | "interval" | "asymmetryShare" | "unstampedDelay">,
): LinkConfig {
  return { id, use, priority, independenceGroup, delayCompensation, uncertainty, ...path };
}
