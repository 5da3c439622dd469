/** kopf-ts on a real API server where several replicas or a deletion are concerned: Leases and finalizers are the server's, not ours. */
import { KubeConfig } from "@kubernetes/client-node";
import { type App, done, type KubeClient, type KubeObject, operator, type ResourceType } from "kopf-ts";
import { createRecordingLog } from "kopf-ts/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missingComponents } from "../controlplane/built-binaries.js";
import { type ControlPlane, startControlPlane } from "../controlplane/control-plane.js";
import { openTcpLink, type TcpLink } from "../lab/tcp-link.js";

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}
const ConfigMaps: ResourceType<ConfigMap> = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true };
const namespace = "default";
const missing = await missingComponents();

interface Replica {
  readonly name: string;
  readonly app: App;
  readonly link: TcpLink;
  readonly handled: string[];
  readonly stop: () => Promise<unknown>;
}

describe.skipIf(missing !== null)(
  `kopf-ts with replicas and finalizers on a real API server${missing === null ? "" : ` (${missing})`}`,
  () => {
    let plane: ControlPlane;
    let client: KubeClient;
    beforeAll(async () => {
      plane = await startControlPlane({ controllerManager: false });
      client = operator({ kube: kubeThrough(plane, undefined), identity: "writer", log: createRecordingLog() }).client;
    }, 120_000);
    afterAll(async () => plane?.stop());

    const put = (name: string, text: string, labels: Record<string, string>) =>
      client.apply(ConfigMaps, { metadata: { name, namespace, labels }, data: { text } });

    async function startReplica(name: string, timeline: string[]): Promise<Replica> {
      const { hostname, port } = new URL(serverOf(plane));
      const link = await openTcpLink({ host: hostname, port: Number(port) });
      const leaderElection = {
        namespace,
        name: "truth",
        identity: name,
        leaseDurationMs: 6_000,
        renewDeadlineMs: 4_000,
        retryPeriodMs: 500,
      };
      const app = operator({ kube: kubeThrough(plane, link.port), identity: "replica", log: createRecordingLog(), leaderElection });
      app.store(ConfigMaps, { namespace, labelSelector: "leader=yes" });
      const handled: string[] = [];
      app.on.reconcile(ConfigMaps, async ({ object }) => (handled.push(object?.data?.["text"] ?? "gone"), done()));
      let leads = false;
      app.leadership.subscribe(() => {
        const now = app.leadership.term !== null;
        if (now !== leads) timeline.push(`${name} ${now ? "leads" : "stops"}`);
        leads = now;
      });
      const stopping = new AbortController();
      const running = app.run({ signal: stopping.signal });
      const stop = async (): Promise<unknown> => {
        stopping.abort();
        const report = await running;
        await link.close();
        return report;
      };
      return { name, app, link, handled, stop };
    }

    it("lets one of two replicas call handlers; when it loses the network it stops before the other begins, and comes back as the second", {
      timeout: 180_000,
    }, async () => {
      const timeline: string[] = [];
      await put("led", "first", { leader: "yes" });
      const replicas = [await startReplica("a", timeline), await startReplica("b", timeline)];
      try {
        await eventually(() => replicas.some(({ handled }) => handled.length > 0));
        const old = replicas.find(({ app }) => app.leadership.term !== null) as Replica;
        const next = replicas.find((replica) => replica !== old) as Replica;
        await eventually(() => next.app.store(ConfigMaps).size === 1 && next.app.leadership.holder === old.name);
        expect(next.handled).toEqual([]);
        const { epoch = 0, signal } = old.app.leadership.term ?? {};

        old.link.cut();
        await eventually(() => next.app.leadership.term !== null);
        expect(signal?.aborted).toBe(true);
        expect(timeline).toEqual([`${old.name} leads`, `${old.name} stops`, `${next.name} leads`]);
        expect(next.app.leadership.term?.epoch).toBeGreaterThan(epoch);
        await put("led", "second", { leader: "yes" });
        await eventually(() => next.handled.includes("second"));

        old.link.mend();
        await eventually(
          () => old.app.leadership.holder === next.name && old.app.store(ConfigMaps).get(`${namespace}/led`)?.data?.["text"] === "second",
        );
        expect(old.handled).not.toContain("second");

        expect(await next.stop()).toEqual({ kind: "clean" });
        await eventually(() => old.handled.includes("second"));
        expect(timeline.at(-1)).toBe(`${old.name} leads`);
      } finally {
        await Promise.all(replicas.map(({ stop }) => stop()));
      }
    });

    it("keeps an object until the handler of its deletion succeeded, and not longer", { timeout: 90_000 }, async () => {
      const app = operator({ kube: kubeThrough(plane, undefined), identity: "deleter", log: createRecordingLog() });
      app.store(ConfigMaps, { namespace, labelSelector: "deleted=yes" });
      let failures = 2;
      const seen: (string | undefined)[] = [];
      app.on.delete(
        ConfigMaps,
        async ({ object }) => {
          seen.push(object.metadata.deletionTimestamp);
          if (failures-- > 0) throw new Error("not yet");
        },
        { finalizer: "truth.test.io/cleanup" },
      );
      const stop = new AbortController();
      const running = app.run({ signal: stop.signal });
      try {
        await put("held", "x", { deleted: "yes" });
        const ref = { name: "held", namespace };
        await eventually(async () => (await client.get(ConfigMaps, ref)).metadata.finalizers?.includes("truth.test.io/cleanup") === true);
        expect(await client.delete(ConfigMaps, ref)).toMatchObject({ kind: "terminating" });
        await eventually(async () => (await client.get(ConfigMaps, ref).catch(() => undefined)) === undefined);
        expect(seen.length).toBe(3);
        expect(seen.every((timestamp) => timestamp !== undefined)).toBe(true);
        await eventually(() => app.store(ConfigMaps).size === 0);
      } finally {
        stop.abort();
        await running;
      }
    });
  },
);

function kubeThrough(plane: ControlPlane, port: number | undefined): KubeConfig {
  const kube = new KubeConfig();
  kube.loadFromFile(plane.kubeconfig);
  if (port === undefined) return kube;
  const cluster = kube.getCurrentCluster();
  const user = kube.getCurrentUser();
  const through = new KubeConfig();
  if (cluster !== null && user !== null) through.loadFromClusterAndUser({ ...cluster, server: `https://127.0.0.1:${String(port)}` }, user);
  return through;
}

function serverOf(plane: ControlPlane): string {
  return kubeThrough(plane, undefined).getCurrentCluster()?.server ?? "";
}

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`not within 60 s: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
