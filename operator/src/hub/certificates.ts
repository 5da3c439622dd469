/**
 * The hub's own certificate authority. Its certificates run from 1950 to 9999 and are replaced by key, never by date: an agent
 * whose clock says 1970 or 2036 must be able to connect, because setting its clock right is what the connection is for.
 */
import { createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
// @peculiar/x509 resolves its algorithms by decorators.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

/** Agents check this name whatever address they reached the hub by. */
export const hubServerName = "meridian-hub";

/** PEM. */
export interface HubCertificates {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** RFC 5280 4.1.2.5: 99991231235959Z means "no expiry". */
const validity = { notBefore: new Date("1950-01-01T00:00:00Z"), notAfter: new Date("9999-12-31T23:59:59Z") };

/** The authority's key is forgotten at once: a new server key comes with a new authority. */
export async function makeHubCertificates(): Promise<HubCertificates> {
  x509.cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=meridian-hub-ca",
    keys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const own = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${hubServerName}`,
    issuer: authority.subject,
    publicKey: own.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: hubServerName }]),
      await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const der = await webcrypto.subtle.exportKey("pkcs8", own.privateKey);
  return {
    authority: authority.toString("pem"),
    certificate: certificate.toString("pem"),
    key: x509.PemConverter.encode(der, "PRIVATE KEY"),
  };
}

/** @returns why the three do not belong together or would be refused by an agent; null: they are good */
export function checkHubCertificates({ authority, certificate, key }: HubCertificates): string | null {
  try {
    const issuer = new X509Certificate(authority);
    const own = new X509Certificate(certificate);
    if (!own.verify(issuer.publicKey)) return "the certificate was not issued by this authority";
    if (!own.checkPrivateKey(createPrivateKey(key))) return "the key is not the certificate's";
    if (own.checkHost(hubServerName) === undefined) return `the certificate is not for ${hubServerName}`;
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
