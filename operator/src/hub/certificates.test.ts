import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { checkHubCertificates, makeHubCertificates } from "./certificates.js";

describe("the hub's certificates", () => {
  it("hold on every date that a wrong clock can show", async () => {
    const { authority, certificate } = await makeHubCertificates();
    for (const pem of [authority, certificate]) {
      const { validFrom, validTo } = new X509Certificate(pem);
      expect(new Date(validFrom).getUTCFullYear()).toBe(1950);
      expect(new Date(validTo).getUTCFullYear()).toBe(9999);
    }
  });

  it("belong together, and are told from such that do not", async () => {
    const mine = await makeHubCertificates();
    const other = await makeHubCertificates();
    expect(checkHubCertificates(mine)).toBeNull();
    expect(checkHubCertificates({ ...mine, authority: other.authority })).toContain("not issued");
    expect(checkHubCertificates({ ...mine, key: other.key })).toContain("not the certificate's");
    expect(checkHubCertificates({ ...mine, certificate: mine.authority })).not.toBeNull();
    expect(checkHubCertificates({ authority: "", certificate: "", key: "" })).not.toBeNull();
  });
});
