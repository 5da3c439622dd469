/** Coded errors of the operator: what a user may meet and what helps. docs/reference/errors.md is generated from it. */

export const operatorErrorRegistry = [
  {
    code: "MER_OPERATOR_CONFIG",
    meaning: "A flag or environment variable of the operator has no valid value.",
    remedy: "The message names it and what it expects; `--help` lists all.",
  },
  {
    code: "MER_OPERATOR_KUBECONFIG",
    meaning: "No usable way to reach the API server.",
    remedy: "Run inside a pod with a service account, or pass --kubeconfig.",
  },
  {
    code: "MER_OPERATOR_SCHEMA_OLD",
    meaning: "The cluster's CustomResourceDefinitions are missing or older than this operator.",
    remedy: "Upgrade the chart with crds.install, or apply crds/manifests of the same release; the operator becomes ready by itself.",
  },
  {
    code: "MER_OPERATOR_LISTEN",
    meaning: "The hub or the probe server cannot listen on its address.",
    remedy: "The message names the address and the reason; choose another with --hub-address or --http-address.",
  },
  {
    code: "MER_HUB_UNAUTHENTICATED",
    meaning: "An agent's token is missing, wrong, expired, for another audience, of another account, or bound to no node.",
    remedy: "The agent needs a projected token of its own service account with audience meridian-hub.",
  },
  {
    code: "MER_HUB_REVIEW_FAILED",
    meaning: "The API server could not review an agent's token.",
    remedy: "Nothing to do: the agent tries again; running streams are not touched.",
  },
  {
    code: "MER_HUB_WRONG_NODE",
    meaning: "An agent says another node's name than its token.",
    remedy: "Set NODE_NAME from spec.nodeName; a token of another node was mounted otherwise.",
  },
  {
    code: "MER_HUB_PROTOCOL",
    meaning: "An agent's stream does not follow the protocol: no Hello first or in time, unknown version.",
    remedy: "Operator and agent may differ by one minor version: upgrade the older one.",
  },
  {
    code: "MER_HUB_CROWDED",
    meaning: "A connection to the hub was refused because too many others have not shown a token yet.",
    remedy: "Agents come again by themselves; if it lasts, somebody else knocks at the hub's port: the line names the address.",
  },
  {
    code: "MER_HUB_SILENT",
    meaning: "A connection to the hub was ended because it showed no token in time.",
    remedy: "Nothing to do for agents; a load balancer or scanner that only opens the port should use the probes' port instead.",
  },
  {
    code: "MER_HUB_EPOCH",
    meaning: "An agent has obeyed a newer leader's epoch than this leader has, because the Lease was lost or restored; or it says so.",
    remedy: "Nothing to do: the leader raises its own. From one node again and again, look at that node's agent.",
  },
  {
    code: "MER_HUB_CERTIFICATE",
    meaning: "The Secret with the hub's certificates cannot be used.",
    remedy:
      "The operator's own is made anew, and agents get its authority from the ConfigMap meridian-hub-ca; one of cert-manager's must be put right there.",
  },
] as const;

export type OperatorErrorCode = (typeof operatorErrorRegistry)[number]["code"];

/** An Error whose `code` stands in the registry. */
export function operatorError(code: OperatorErrorCode, message: string, cause?: unknown): Error & { code: OperatorErrorCode } {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code });
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
