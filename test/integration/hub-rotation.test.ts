/** The hub's key is replaced on a running cluster: nobody loses a stream, and nobody meets an authority that it was not given. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TestAgent } from "@meridian/operator/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { usesExistingCluster } from "../controlplane/assets.js";
import { missingComponents } from "../controlplane/built-binaries.js";
import { type ControlPlane, startControlPlane } from "../controlplane/control-plane.js";
import { createNodes, createToken, installMeridian, operatorNamespace, readHubCa, writeOperatorKubeconfig } from "../lab/cluster.js";
import { type OperatorProcess, startOperator } from "../lab/operator-process.js";

const missing = (await missingComponents()) ?? (usesExistingCluster(process.env) ? "skipped: needs a cluster of its own" : null);

describe.skipIf(missing !== null)(`rotation of the hub's key${missing === null ? "" : ` (${missing})`}`, () => {
  let directory: string;
  let plane: ControlPlane;
  const operators: OperatorProcess[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "meridian-rotation-"));
    plane = await startControlPlane({ directory: join(directory, "plane") });
    await installMeridian(plane.kubectl);
    await createNodes(plane.kubectl, [
      { name: "a", address: "10.0.0.1", zone: "a" },
      { name: "b", address: "10.0.0.2", zone: "a" },
    ]);
    const kubeconfig = join(directory, "operator.kubeconfig");
    await writeOperatorKubeconfig(plane.kubectl, plane.kubeconfig, kubeconfig);
    operators.push(await startOperator({ directory, kubeconfig, hubAddress: "127.0.0.1:0", extraArgs: ["--hub-key-overlap", "3"] }));
  }, 120_000);
  afterAll(async () => {
    for (const operator of operators) await operator.process.stop();
    await plane?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it("needs one annotation, takes two overlaps, and breaks no stream", { timeout: 60_000 }, async () => {
    const { kubectl } = plane;
    const address = operators[0]?.hub ?? "";
    const before = await readHubCa(kubectl);
    const veteran = TestAgent.connect({
      address,
      authority: before,
      token: await createToken(kubectl, { node: "a" }),
      hello: { nodeName: "a" },
    });
    await veteran.until(({ welcome }) => welcome != null);
    let left = false;
    void veteran.closed.then(() => (left = true));

    await kubectl.run(["annotate", "secret", "meridian-hub-tls", "-n", operatorNamespace, "time.meridian.io/rotate=now"]);
    const bundles = [before];
    for (const end = Date.now() + 40_000; Date.now() < end; await sleep(1000)) {
      const bundle = await readHubCa(kubectl);
      if (bundle !== bundles.at(-1)) bundles.push(bundle);
      // Whatever an agent was given last lets it in at every moment.
      const newcomer = TestAgent.connect({
        address,
        authority: bundle,
        token: await createToken(kubectl, { node: "b" }),
        hello: { nodeName: "b" },
      });
      await newcomer.until(({ welcome }) => welcome != null);
      newcomer.leave();
      if (bundles.length === 4) break;
    }
    const authorities = bundles.map((bundle) => bundle.match(/BEGIN CERTIFICATE/g)?.length);
    expect(authorities).toEqual([1, 2, 2, 1]);
    expect(bundles[3]).not.toBe(before);
    expect(left).toBe(false);
    veteran.leave();
  });
});
