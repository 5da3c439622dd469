/** A certificate authority and what it signs, made by the openssl command in a few milliseconds. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Identity {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

export const hasOpenssl = ((): boolean => {
  try {
    return execFileSync("openssl", ["version"], { encoding: "utf8" }).startsWith("OpenSSL 3");
  } catch {
    return false;
  }
})();

export class Authority {
  readonly certificateFile: string;
  readonly #folder: string;
  readonly #name: string;

  /** @param name tells several in one folder apart */
  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    this.certificateFile = join(folder, `${name}.crt`);
    makeCertificate(folder, name, ["-subj", `/CN=${name}`, "-addext", "keyUsage=critical,keyCertSign"]);
  }

  /** A server's certificate for this DNS name. */
  issue(dnsName: string): Identity {
    const name = `${this.#name}-${dnsName}`;
    const signer = ["-CA", this.certificateFile, "-CAkey", join(this.#folder, `${this.#name}.key`)];
    const extensions = [`subjectAltName=DNS:${dnsName}`, "basicConstraints=critical,CA:FALSE"].flatMap((text) => ["-addext", text]);
    makeCertificate(this.#folder, name, [...signer, "-subj", `/CN=${dnsName}`, ...extensions]);
    return { certificate: readFileSync(join(this.#folder, `${name}.crt`)), key: readFileSync(join(this.#folder, `${name}.key`)) };
  }
}

function makeCertificate(folder: string, name: string, options: readonly string[]): void {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", join(folder, `${name}.key`)];
  execFileSync("openssl", ["req", "-x509", "-days", "30", ...key, "-out", join(folder, `${name}.crt`), ...options], { stdio: "pipe" });
}
