/** The Secret with the hub's keys, as text on both sides: what is read from it and what is written to it. */
import { type Secret } from "../kinds.js";
import { checkHubCertificates, type HubCertificates } from "./certificates.js";
import type { RotationStage, RotationState } from "./key-rotation.js";

export const hubSecretName = "meridian-hub-tls";
/** Since when the keys are as they are, RFC 3339. */
const sinceAnnotation = "time.meridian.io/rotation-since";
/** Set by a user, to any value: replace the key now. */
export const rotateAnnotation = "time.meridian.io/rotate";
/** Set by cert-manager on a Secret of its own: its keys are not ours to replace. */
const certManagerAnnotation = "cert-manager.io/certificate-name";

export interface HubKeys {
  /** What the hub serves with. */
  readonly serving: HubCertificates;
  /** What it will serve with, once agents know its authority. */
  readonly next: HubCertificates | null;
  /** PEM of the authority that it served with before. */
  readonly previousAuthority: string | null;
}

export interface ReadSecret {
  readonly keys: HubKeys;
  readonly rotation: Omit<RotationState, "seenForMs">;
  /** Somebody else makes and replaces the keys. */
  readonly foreign: boolean;
  /** Why the keys cannot be used; null: they can. */
  readonly problem: string | null;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

export function readHubSecret({ data, metadata }: Secret): ReadSecret {
  const read = (key: string) => Buffer.from(data?.[key] ?? "", "base64").toString();
  const certificatesOf = (prefix: string): HubCertificates => ({
    authority: read(`${prefix}ca.crt`),
    certificate: read(`${prefix}tls.crt`),
    key: read(`${prefix}tls.key`),
  });
  const serving = certificatesOf("");
  const next = certificatesOf("next-");
  // A next pair that cannot be used is none: the rotation begins again.
  const usableNext = checkHubCertificates(next) === null ? next : null;
  const previousAuthority = read("previous-ca.crt") || null;
  const keys = { serving, next: usableNext, previousAuthority };
  const annotations = metadata.annotations ?? {};
  const since = annotations[sinceAnnotation];
  return {
    keys,
    rotation: {
      stage: stageOf(keys),
      since: since === undefined ? null : new Date(since),
      requested: annotations[rotateAnnotation] !== undefined,
    },
    foreign: annotations[certManagerAnnotation] !== undefined,
    problem: checkHubCertificates(serving),
  };
}

export function stageOf({ next, previousAuthority }: HubKeys): RotationStage {
  if (next !== null) return "Announced";
  return previousAuthority === null ? "Settled" : "Serving";
}

/** The parts of a Secret that hold these keys; what is not there any more is null, as a merge patch wants it. */
export function writeHubSecret({ serving, next, previousAuthority }: HubKeys, since: Date): Pick<Secret, "data"> & { annotations: object } {
  const optional = (text: string | undefined) => (text === undefined ? null : base64(text));
  const data = {
    "ca.crt": base64(serving.authority),
    "tls.crt": base64(serving.certificate),
    "tls.key": base64(serving.key),
    "next-ca.crt": optional(next?.authority),
    "next-tls.crt": optional(next?.certificate),
    "next-tls.key": optional(next?.key),
    "previous-ca.crt": previousAuthority === null ? null : base64(previousAuthority),
  };
  const annotations = { [sinceAnnotation]: since.toISOString(), ...(next ? { [rotateAnnotation]: null } : {}) };
  return { data: data as unknown as NonNullable<Secret["data"]>, annotations };
}

/** PEM bundle for the agents: everything that the hub may serve with now or soon. */
export function authoritiesOf({ serving, next, previousAuthority }: HubKeys): string {
  return [serving.authority, next?.authority, previousAuthority ?? undefined].filter((pem) => pem !== undefined).join("\n");
}
