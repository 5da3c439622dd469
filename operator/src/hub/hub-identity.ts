/**
 * Where the hub's certificates live: a Secret that only the operator reads, and a ConfigMap with the authority for the agents.
 * What stands there and is good is kept, so that a restart of the operator is no news to anybody.
 */
import { ApiError, isNotFound, type KubeClient, type Log, TemporaryError } from "kopf-ts";
import { ConfigMaps, type Secret, Secrets } from "../kinds.js";
import { checkHubCertificates, type HubCertificates, makeHubCertificates } from "./certificates.js";

const secretName = "meridian-hub-tls";
const authorityName = "meridian-hub-ca";
const labels = { "app.kubernetes.io/name": "meridian", "app.kubernetes.io/component": "hub" };

/** @throws what the API server answered; then the start is tried again by whoever runs the pod */
export async function ensureHubIdentity(client: KubeClient, namespace: string, log: Log): Promise<HubCertificates> {
  const certificates = (await readCertificates(client, namespace, log)) ?? (await writeCertificates(client, namespace));
  const metadata = { name: authorityName, namespace, labels };
  await client.apply(ConfigMaps, { metadata, data: { "ca.crt": certificates.authority } });
  return certificates;
}

async function readCertificates(client: KubeClient, namespace: string, log: Log): Promise<HubCertificates | null> {
  let secret: Secret;
  try {
    secret = await client.get(Secrets, { name: secretName, namespace });
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
  const read = (key: string) => Buffer.from(secret.data?.[key] ?? "", "base64").toString();
  const certificates = { authority: read("ca.crt"), certificate: read("tls.crt"), key: read("tls.key") };
  const problem = checkHubCertificates(certificates);
  if (problem === null) return certificates;
  log.warn({ code: "MER_HUB_CERTIFICATE", secret: secretName, problem }, "the hub's certificates cannot be used: making new ones");
  // This very Secret: another operator may have put a good one in its place by now.
  const { uid = "" } = secret.metadata;
  await client.delete(Secrets, { name: secretName, namespace }, { preconditions: { uid } });
  return null;
}

/** Creates, never overwrites: of two operators that start at once one wins and the other reads what it wrote. */
async function writeCertificates(client: KubeClient, namespace: string): Promise<HubCertificates> {
  const certificates = await makeHubCertificates();
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  try {
    await client.create(Secrets, {
      metadata: { name: secretName, namespace, labels },
      type: "kubernetes.io/tls",
      data: {
        "ca.crt": base64(certificates.authority),
        "tls.crt": base64(certificates.certificate),
        "tls.key": base64(certificates.key),
      },
    });
  } catch (error) {
    // Whoever was faster has written one; the next attempt reads it, and judges it as any other.
    if (error instanceof ApiError && error.reason === "AlreadyExists")
      throw new TemporaryError("another operator has just made the certificates");
    throw error;
  }
  return certificates;
}
