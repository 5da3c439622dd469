import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missingComponents } from "./built-binaries.js";
import { type ControlPlane, startControlPlane } from "./control-plane.js";

const missing = await missingComponents();

describe.skipIf(missing !== null)(`control plane without kubelets${missing === null ? "" : ` (${missing})`}`, () => {
  let plane: ControlPlane;
  let seconds: number;
  beforeAll(async () => {
    const started = performance.now();
    plane = await startControlPlane();
    seconds = (performance.now() - started) / 1000;
  });
  afterAll(async () => plane?.stop());

  it("is ready within seconds", () => {
    expect(seconds).toBeLessThan(50); // 2 … 5 s on an idle machine; ten times that here
  });

  it("authorises by RBAC: a service account without a role may not list nodes", async () => {
    const answer = plane.kubectl.run(["auth", "can-i", "list", "nodes", "--as", "system:serviceaccount:default:nobody"]);
    await expect(answer).rejects.toMatchObject({ code: "MER_LAB_COMMAND_FAILED" });
  });

  it("issues tokens bound to a node, for our audience", async () => {
    await plane.kubectl.apply([
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "agent", namespace: "default" } },
      { apiVersion: "v1", kind: "Node", metadata: { name: "n1" } },
    ]);
    const token = await plane.kubectl.run([
      "create",
      "token",
      "agent",
      "-n",
      "default",
      "--audience",
      "meridian-hub",
      "--bound-object-kind",
      "Node",
      "--bound-object-name",
      "n1",
    ]);
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
      aud: string[];
      "kubernetes.io": { node: { name: string } };
    };
    expect(claims.aud).toEqual(["meridian-hub"]);
    expect(claims["kubernetes.io"].node.name).toBe("n1");
  });

  it("keeps its data when the API server dies and comes back", async () => {
    await plane.kubectl.run(["create", "namespace", "kept"]);
    await plane.killApiServer();
    await plane.startApiServer();
    expect(await plane.kubectl.run(["get", "namespace", "kept", "-o", "name"])).toBe("namespace/kept\n");
  });

  it("leaves nothing behind", async () => {
    const other = await startControlPlane({ controllerManager: false });
    await other.stop();
    expect(existsSync(other.directory)).toBe(false);
  });
});
