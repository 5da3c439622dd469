/** Coded errors of labs, demo and benches: what a user may meet and what helps. docs/reference/errors.md is generated from it. */

export const labErrorRegistry = [
  {
    code: "MER_LAB_COMPONENT_MISSING",
    meaning: "A Kubernetes binary that the control plane needs is not there.",
    remedy: "Run `npm run build` with Go installed, or set KUBEBUILDER_ASSETS.",
  },
  {
    code: "MER_LAB_PROCESS_FAILED",
    meaning: "A process of the lab ended by itself, or did not become ready in time.",
    remedy: "Read its log; the message names the file and its last lines.",
  },
  {
    code: "MER_LAB_NO_NAMESPACES",
    meaning: "Neither root nor unprivileged user namespaces: no network namespace can be made.",
    remedy:
      "Run as root, or allow user namespaces (`sysctl kernel.unprivileged_userns_clone=1`, or an AppArmor profile that permits them).",
  },
  {
    code: "MER_LAB_COMMAND_FAILED",
    meaning: "A command of the lab (ip, kubectl, …) failed.",
    remedy: "The message holds the command and what it printed.",
  },
  {
    code: "MER_LAB_TIMEOUT",
    meaning: "Something the lab waited for did not happen in time.",
    remedy: "The message says what; `--keep` leaves everything running to look at.",
  },
] as const;

export type LabErrorCode = (typeof labErrorRegistry)[number]["code"];

/** An Error whose `code` stands in the registry. */
export function labError(code: LabErrorCode, message: string, cause?: unknown): Error & { code: LabErrorCode } {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code });
}
