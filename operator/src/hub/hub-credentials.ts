/** TLS of the hub, with a certificate that can be replaced while streams go on: only new connections see the new one. */
import { ServerCredentials } from "@grpc/grpc-js";
import type { HubCertificates } from "./certificates.js";

/** A TLS handshake takes two round trips; who needs longer is not on this network. */
const handshakeMs = 5_000;

const contextOf = ({ certificate, key }: HubCertificates) => ({ cert: certificate, key, minVersion: "TLSv1.3" as const });

export class HubCredentials extends ServerCredentials {
  constructor(certificates: HubCertificates) {
    super({ handshakeTimeout: handshakeMs }, contextOf(certificates));
  }

  replace(certificates: HubCertificates): void {
    this.updateSecureContextOptions(contextOf(certificates));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
