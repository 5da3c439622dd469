import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findComponent, requireComponent, usesExistingCluster } from "./assets.js";
import { missingComponents } from "./built-binaries.js";

describe("binaries of the control plane", () => {
  let built: string;
  let assets: string;
  beforeAll(() => {
    built = mkdtempSync(join(tmpdir(), "meridian-built-"));
    assets = mkdtempSync(join(tmpdir(), "meridian-assets-"));
    for (const folder of [built, assets]) writeFileSync(join(folder, "etcd"), "");
  });
  afterAll(() => {
    for (const folder of [built, assets]) rmSync(folder, { recursive: true });
  });

  it("are those that the bootstrap built, unless a variable names others", () => {
    expect(findComponent("etcd", built, {})).toBe(join(built, "etcd"));
    expect(findComponent("etcd", built, { KUBEBUILDER_ASSETS: assets })).toBe(join(assets, "etcd"));
    expect(findComponent("etcd", built, { KUBEBUILDER_ASSETS: assets, TEST_ASSET_ETCD: "/own/etcd" })).toBe("/own/etcd");
    expect(findComponent("kubectl", built, { TEST_ASSET_KUBECTL: "/own/kubectl" })).toBe("/own/kubectl");
  });

  it("are named, with the remedy, when there are none", async () => {
    expect(findComponent("kubectl", built, {})).toBeNull();
    expect(() => requireComponent("kubectl", built, {})).toThrow(expect.objectContaining({ code: "MER_LAB_COMPONENT_MISSING" }) as Error);
    expect(await missingComponents({ KUBEBUILDER_ASSETS: assets })).toBe(
      "skipped: no kube-apiserver, kube-controller-manager, kubectl; install Go and run npm run build",
    );
  });

  it("are not needed for a cluster that exists, apart from kubectl", async () => {
    expect(usesExistingCluster({ USE_EXISTING_CLUSTER: "true" })).toBe(true);
    expect(usesExistingCluster({})).toBe(false);
    const env = { USE_EXISTING_CLUSTER: "true", KUBEBUILDER_ASSETS: assets };
    expect(await missingComponents(env)).toContain("no kubectl");
    expect(await missingComponents({ ...env, TEST_ASSET_KUBECTL: "/own/kubectl" })).toBeNull();
  });
});
