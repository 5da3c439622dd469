/**
 * Parts of a configuration of which an agent has to say what became of them. An agent of an earlier version skips what it does not
 * know and answers for the rest: its silence on such a part means that nothing runs there.
 */
import type { NodeClockSpec } from "@meridian/crds";
import { type PolicyObjects, resolveConfig } from "./resolve-config.js";

export interface PromisedParts {
  /** Only an answer for this revision can be judged by it. */
  readonly revision: string;
  /** As the answer names them: "ntp/<source>", "serve/ntp". */
  readonly parts: readonly string[];
}

/** @returns null when there is nothing that a connected agent may not know */
export function promisedParts(spec: NodeClockSpec, objects: PolicyObjects): PromisedParts | null {
  const concerned = [...(spec.upstreams ?? []), ...(spec.serves ?? [])].some(({ protocol }) => protocol === "NTP");
  if (!concerned) return null;
  const resolution = resolveConfig(spec, objects);
  if (resolution.kind === "unresolved") return null;
  const { config, revision } = resolution;
  const asked = (config.associations ?? []).map(({ source }) => `ntp/${source ?? ""}`);
  return { revision, parts: config.ntpServer ? [...asked, "serve/ntp"] : asked };
}
