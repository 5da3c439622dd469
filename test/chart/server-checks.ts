/** What only an API server can judge: every rendering, Pod Security, and the kustomize base. Dry runs, apart from the base itself. */
import { join } from "node:path";
import type { Kubectl } from "../controlplane/kubectl.js";
import { repositoryRoot } from "../lab/repository.js";
import { type Checks, expect } from "./checks.js";
import { chartDirectory, type Helm } from "./helm.js";
import { monitoringDefinitions } from "./monitoring-definitions.js";
import { type KubeObject, nameOf, parseRendering, withoutHelm } from "./rendering.js";
import { checkRendering, chartNamespace, renderValueSet } from "./static-checks.js";
import { valueSets } from "./value-sets.js";

const kustomize = (folder: string): string => join(repositoryRoot(), "helm/kustomize", folder);
const strictly = ["--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "--warnings-as-errors", "-f", "-"];
const listOf = (items: readonly unknown[]): string => JSON.stringify({ apiVersion: "v1", kind: "List", items });

export async function checkKustomize(checks: Checks, helm: Helm, kubectl: Kubectl): Promise<void> {
  await checks.check("the kustomize base is the chart with default values", async () => {
    const values = { name: "defaults", values: {}, apiVersions: ["time.meridian.io/v1alpha1/ClockProfile"] };
    const text = (objects: readonly KubeObject[]) => new Map(objects.map((object) => [nameOf(object), canonical(withoutHelm(object))]));
    const rendered = (await renderValueSet(helm, values)).filter(({ metadata }) => !metadata.annotations?.["helm.sh/hook"]);
    const [ours, charts] = [new Map<string, string>(), text(rendered)];
    for (const folder of ["base", "clockprofiles"])
      for (const [name, object] of text(parseRendering(await kubectl.run(["kustomize", kustomize(folder)])))) ours.set(name, object);
    ours.delete(`Namespace/${chartNamespace}`);
    const different = [...new Set([...ours.keys(), ...charts.keys()])].filter((name) => ours.get(name) !== charts.get(name));
    expect(different.length === 0, `run \`npm run generate\`: ${different.join(", ")}`);
    return `${String(ours.size)} objects`;
  });
  await checks.check("kubectl apply -k, twice: the second changes nothing", async () => {
    await kubectl.run(["apply", "--server-side", "-k", kustomize("base")]);
    await kubectl.run(["wait", "--for=condition=Established", "--timeout=60s", "crd", "-l", "app.kubernetes.io/part-of=meridian"]);
    await kubectl.run(["apply", "--server-side", "-k", kustomize("clockprofiles")]);
    for (const folder of ["base", "clockprofiles"]) {
      const answer = await kubectl.run(["apply", "--server-side", "--dry-run=server", "--warnings-as-errors", "-k", kustomize(folder)]);
      expect(!answer.includes("created"), answer);
      expect((await kubectl.run(["diff", "--server-side", "-k", kustomize(folder)])) === "", "kubectl diff shows a difference");
    }
  });
}

/** From kubectl to Helm; what kubectl had installed is the release's afterwards. */
export async function checkTakeOver(checks: Checks, helm: Helm, kubectl: Kubectl): Promise<void> {
  const install = ["install", "meridian", chartDirectory, "--namespace", chartNamespace];
  await checks.check("Helm takes over with --take-ownership what kubectl applied", async () => {
    const uidOf = () => kubectl.run(["get", "serviceaccount", "meridian-operator", "-n", chartNamespace, "-o", "jsonpath={.metadata.uid}"]);
    const before = await uidOf();
    const { code, complaint } = await helm.try(install);
    expect(code !== 0 && complaint.includes("invalid ownership metadata"), complaint);
    await helm.run([...install, "--take-ownership"]);
    expect((await uidOf()) === before, "the account was made anew");
    await helm.run(["uninstall", "meridian", "--namespace", chartNamespace]);
  });
}

/** Every value set, judged by the API server; kinds and namespace are there already. */
export async function checkRenderings(checks: Checks, helm: Helm, kubectl: Kubectl): Promise<void> {
  await kubectl.apply(monitoringDefinitions);
  await kubectl.run(["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
  for (const set of valueSets)
    await checks.check(`renders, and the API server takes it: ${set.name}`, async () => {
      const objects = await renderValueSet(helm, set);
      checkRendering(objects, set);
      const answer = await kubectl.run(["apply", ...strictly], listOf(objects));
      expect(answer.trim().split("\n").length === objects.length, answer);
      return `${String(objects.length)} objects`;
    });
}

type PodTemplate = { readonly metadata: { readonly labels: object }; readonly spec: object };

/** Pods of the chart, as the API server sees them in a namespace of each level. */
export async function checkPodSecurity(checks: Checks, helm: Helm, kubectl: Kubectl): Promise<void> {
  const levels = ["restricted", "baseline", "privileged"] as const;
  const accounts = ["meridian-operator", "meridian-agent", "default"];
  for (const level of levels) {
    const labels = { "pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/warn": level };
    await kubectl.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: level, labels } }]);
    await kubectl.apply(accounts.map((name) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: level } })));
  }
  const render = async (template: string, ...flags: string[]): Promise<object> => {
    const args = ["template", "meridian", chartDirectory, "--show-only", `templates/${template}`, ...flags];
    const [object] = parseRendering(await helm.run(args));
    if (!object) throw new Error(`${template} renders nothing`);
    return object;
  };
  const podOf = async (template: string, ...flags: string[]): Promise<object> => {
    const { spec } = (await render(template, ...flags)) as { spec: { template: PodTemplate } };
    return { apiVersion: "v1", kind: "Pod", ...spec.template, metadata: { name: "probe", labels: spec.template.metadata.labels } };
  };
  const judge = async (object: object, namespace: string): Promise<string> => {
    const placed = { ...object, metadata: { ...(object as KubeObject).metadata, namespace } };
    return kubectl.run(["create", "--dry-run=server", "--warnings-as-errors", "-f", "-"], JSON.stringify(placed));
  };
  const refuse = async (object: object, namespace: string, ...reasons: string[]): Promise<void> => {
    const complaint = await judge(object, namespace).then(
      (answer) => `taken: ${answer}`,
      (error: unknown) => String(error),
    );
    for (const reason of ["violates PodSecurity", ...reasons]) expect(complaint.includes(reason), `no "${reason}" in: ${complaint}`);
  };
  await checks.check("Pod Security takes the operator's pod as restricted", async () => {
    await judge(await podOf("operator/deployment.yaml"), "restricted");
  });
  await checks.check("… and its Deployment without a warning", async () => {
    await judge(await render("operator/deployment.yaml"), "restricted");
  });
  await checks.check("… and the pod of helm test", async () => {
    await judge(await render("tests/operator-ready.yaml"), "restricted");
  });
  await checks.check("Pod Security refuses the agents' pod below privileged, by name of what it does", async () => {
    const pod = await podOf("agent/daemonset.yaml");
    await refuse(pod, "baseline", "host namespaces", "hostPath", "SYS_TIME");
    await refuse(pod, "restricted", "host namespaces");
    await judge(pod, "privileged");
  });
  await checks.check("… and takes privileged and observing agents where privileged is allowed", async () => {
    await refuse(await podOf("agent/daemonset.yaml", "--set", "agent.privileged=true"), "baseline", "privileged");
    await judge(await podOf("agent/daemonset.yaml", "--set", "agent.privileged=true"), "privileged");
    await judge(await podOf("agent/daemonset.yaml", "--set", "agent.mode=observe"), "privileged");
  });
}

/** With its keys sorted. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
