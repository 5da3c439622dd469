/**
 * Where the hub's certificates live: a Secret that only the operator reads, and a ConfigMap with the authority for the agents.
 * What stands there and is good is kept, so that a restart of the operator is no news to anybody.
 */
import { ApiError, isNotFound, type KubeClient, type Log } from "kopf-ts";
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
  await client.delete(Secrets, { name: secretName, namespace });
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
    if (error instanceof ApiError && error.reason === "AlreadyExists") {
      const { data } = await client.get(Secrets, { name: secretName, namespace });
      const read = (key: string) => Buffer.from(data?.[key] ?? "", "base64").toString();
      return { authority: read("ca.crt"), certificate: read("tls.crt"), key: read("tls.key") };
    }
    throw error;
  }
  return certificates;
}
