/** Certificates and kubeconfigs of a throw-away control plane: one CA, EC keys, made in a few milliseconds. */
import { createPrivateKey, generateKeyPairSync, webcrypto } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
// @peculiar/x509 resolves its algorithms by decorators.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 86_400_000;

interface Identity {
  readonly certificate: string;
  readonly key: string;
}

export interface ControlPlaneFiles {
  readonly ca: string;
  readonly caKey: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  readonly adminKubeconfig: string;
  readonly controllerManagerKubeconfig: string;
}

/** Writes everything into `directory`, private to its owner. @param url the API server's address */
export async function writeControlPlaneFiles(directory: string, url: string): Promise<ControlPlaneFiles> {
  const path = (name: string, text: string): string => {
    const file = join(directory, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const authority = await makeAuthority();
  const server = await authority.issue("CN=kube-apiserver", ["127.0.0.1", "10.96.0.1"], ["localhost", "kubernetes.default.svc"]);
  const admin = await authority.issue("O=system:masters,CN=admin", [], []);
  const manager = await authority.issue("CN=system:kube-controller-manager", [], []);
  // RS256: what verifiers of service-account tokens expect.
  const signing = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const kubeconfig = (identity: Identity) => kubeconfigOf(url, authority.certificate, identity);
  return {
    ca: path("ca.crt", authority.certificate),
    caKey: path("ca.key", authority.key),
    serverCertificate: path("apiserver.crt", server.certificate),
    serverKey: path("apiserver.key", server.key),
    serviceAccountKey: path("service-account.key", signing.privateKey.export({ type: "pkcs1", format: "pem" }).toString()),
    serviceAccountPublicKey: path("service-account.pub", signing.publicKey.export({ type: "spki", format: "pem" }).toString()),
    adminKubeconfig: path("admin.conf", kubeconfig(admin)),
    controllerManagerKubeconfig: path("controller-manager.conf", kubeconfig(manager)),
  };
}

export interface Authority extends Identity {
  issue(subject: string, addresses: readonly string[], names: readonly string[]): Promise<Identity>;
}

/** Certificates from now on for a month, PEM. */
export async function makeAuthority(): Promise<Authority> {
  x509.cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const validity = { notBefore: new Date(Date.now() - dayMs), notAfter: new Date(Date.now() + 30 * dayMs) };
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=lab-ca",
    keys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    certificate: certificate.toString("pem"),
    key: await exportKey(keys.privateKey),
    async issue(subject, addresses, names) {
      const own = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
      const alternatives = [
        ...addresses.map((value) => ({ type: "ip" as const, value })),
        ...names.map((value) => ({ type: "dns" as const, value })),
      ];
      const issued = await x509.X509CertificateGenerator.create({
        subject,
        issuer: certificate.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        ...validity,
        extensions: [
          new x509.BasicConstraintsExtension(false),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
          ...(alternatives.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
        ],
      });
      return { certificate: issued.toString("pem"), key: await exportKey(own.privateKey) };
    },
  };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey("pkcs8", key);
  return createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" })
    .export({ type: "sec1", format: "pem" })
    .toString();
}

/** Self-contained, so that it can be copied anywhere. JSON is YAML. */
function kubeconfigOf(url: string, ca: string, identity: Identity): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "lab", cluster: { server: url, "certificate-authority-data": base64(ca) } }],
    users: [{ name: "lab", user: { "client-certificate-data": base64(identity.certificate), "client-key-data": base64(identity.key) } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "lab" } }],
    "current-context": "lab",
  });
}
