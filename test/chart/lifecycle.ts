/** A release's life on a real control plane: installed, upgraded, rolled back, uninstalled, and again over what was kept. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { allResources } from "@meridian/crds";
import type { Kubectl } from "../controlplane/kubectl.js";
import { repositoryRoot } from "../lab/repository.js";
import { type Checks, expect } from "./checks.js";
import { chartDirectory, type Helm } from "./helm.js";
import { chartNamespace } from "./static-checks.js";

const inNamespace = ["--namespace", chartNamespace];
const install = (release: string, ...flags: string[]): string[] => [
  "install",
  release,
  chartDirectory,
  ...inNamespace,
  "--create-namespace",
  ...flags,
];
const upgrade = (release: string, ...flags: string[]): string[] => ["upgrade", release, chartDirectory, ...inNamespace, ...flags];
const uninstall = (release: string): string[] => ["uninstall", release, ...inNamespace];

const definitions = allResources.map(({ plural }) => `customresourcedefinition.apiextensions.k8s.io/${plural}.time.meridian.io`);
const profiles = ["lan-e2e", "ieee1588-e2e"].map((name) => `clockprofile.time.meridian.io/${name}`);
const domain = {
  apiVersion: "time.meridian.io/v1alpha1",
  kind: "TimeDomain",
  metadata: { name: "users" },
  spec: {
    objective: { maxErrorNanoseconds: 1_000_000 },
    members: { nodeSelector: {} },
    sources: [{ name: "main", grandmasterRef: { name: "main" } }],
  },
};

export async function checkLifecycle(checks: Checks, helm: Helm, kubectl: Kubectl): Promise<void> {
  const jsonPath = async (path: string, ...object: string[]) => kubectl.run(["get", ...object, "-o", `jsonpath={${path}}`]);
  const ofRelease = async (path: string, kind: string, name: string) => jsonPath(path, kind, name, "-n", chartNamespace);
  /** Everything that helm says it made is there. @returns how many */
  const countObjects = async (release: string): Promise<string> => {
    const manifest = await helm.run(["get", "manifest", release, ...inNamespace]);
    const names = (await kubectl.run(["get", "-f", "-", "-o", "name"], manifest)).trim().split("\n");
    return `${String(names.length)} objects`;
  };
  /** @throws Error when after 60 s something else is left of ours than `kept` */
  const expectOnly = async (...kept: string[]): Promise<void> => {
    const wanted = [...kept].sort().join("\n");
    let found = "";
    for (const end = Date.now() + 60_000; Date.now() < end; await sleep(250)) {
      // A kind that has just been listed may be gone a moment later.
      found = await listOurs(kubectl).then((names) => names.sort().join("\n"), String);
      if (found === wanted) return;
    }
    throw new Error(`left:\n${found}\nwanted:\n${wanted}`);
  };
  const uidOfDomain = async () => jsonPath(".metadata.uid", "timedomain", domain.metadata.name);
  let uid = "";

  await checks.check("a hook that comes before its kind fails the installation, and an upgrade mends it", async () => {
    const early = ["--set", "crds.install=false,profiles.firstInstall=Hook"];
    const { code, complaint } = await helm.try(install("meridian", ...early));
    expect(code !== 0 && complaint.includes("failed post-install"), complaint);
    const manifests = join(repositoryRoot(), "crds/manifests");
    await kubectl.run(["apply", "--server-side", "-f", manifests]);
    await kubectl.run(["wait", "--for=condition=Established", "--timeout=60s", ...definitions]);
    await helm.run(upgrade("meridian", ...early));
    await kubectl.run(["get", "clockprofiles", "lan-e2e", "ieee1588-e2e"]);
    await helm.run(uninstall("meridian"));
    await expectOnly(...definitions, ...profiles);
    await kubectl.run(["delete", "-f", manifests]);
    await expectOnly();
  });
  await checks.check("install on a bare cluster, in one go", async () => {
    const notes = await helm.run(install("meridian"));
    for (const command of [
      "kubectl label namespace meridian-system",
      "rollout status",
      "kubectl get timedomains",
      "ClockProfiles come with the next",
    ])
      expect(notes.includes(command), `the notes do not say "${command}":\n${notes}`);
    await kubectl.run(["wait", "--for=condition=Established", "--timeout=60s", ...definitions]);
    await checkFirstSample(notes, kubectl);
    await kubectl.apply([domain]);
    uid = await uidOfDomain();
    return countObjects("meridian");
  });
  await checks.check("upgrade with changed values: they arrive, and what is switched off goes", async () => {
    await helm.run(upgrade("meridian", "--set", "operator.replicas=3,agent.httpPort=19464,admission.denyAgents=false,crds.keep=true"));
    expect((await ofRelease(".spec.replicas", "deployment", "meridian-operator")) === "3", "replicas are not 3");
    const port = await ofRelease(".spec.template.spec.containers[0].ports[0].hostPort", "daemonset", "meridian-agent");
    expect(port === "19464", `the agents' port is ${port}`);
    const policies = await kubectl.run(["get", "validatingadmissionpolicies", "-o", "name"]);
    expect(!policies.includes("meridian-agents") && policies.includes("meridian-status"), policies);
    return countObjects("meridian");
  });
  await checks.check("the first upgrade brings the ClockProfiles", async () => {
    const names = (await kubectl.run(["get", "clockprofiles", "-o", "name"])).trim().split("\n");
    expect(names.sort().join() === [...profiles].sort().join(), names.join());
  });
  await checks.check("rollback: as before, and the user's TimeDomain is the same", async () => {
    await helm.run(["rollback", "meridian", "1", ...inNamespace]);
    expect((await ofRelease(".spec.replicas", "deployment", "meridian-operator")) === "2", "replicas are not 2");
    await kubectl.run(["get", "validatingadmissionpolicy", "meridian-agents"]);
    expect((await uidOfDomain()) === uid, "it was made anew");
  });
  await checks.check("uninstall leaves the CRDs and their objects, nothing else", async () => {
    await helm.run(uninstall("meridian"));
    await expectOnly(...definitions, ...profiles);
    expect((await uidOfDomain()) === uid, "the TimeDomain was made anew");
    expect((await kubectl.run(["get", "secrets", "-l", "owner=helm", "-A", "-o", "name"])) === "", "Helm's own record is left");
  });
  await checks.check("install again over what was kept", async () => {
    await helm.run(install("meridian"));
    expect((await uidOfDomain()) === uid, "the TimeDomain was made anew");
    return countObjects("meridian");
  });
  await checks.check("a second release is refused: the kinds belong to the first", async () => {
    const { code, complaint } = await helm.try(install("time"));
    expect(code !== 0 && complaint.includes("invalid ownership metadata"), complaint);
    await helm.run(uninstall("meridian"));
    await expectOnly(...definitions, ...profiles);
  });
  await checks.check("another release takes over what was kept with --take-ownership", async () => {
    const refused = await helm.try(install("time"));
    expect(refused.code !== 0 && refused.complaint.includes("invalid ownership metadata"), refused.complaint);
    await helm.run(install("time", "--take-ownership"));
    expect((await uidOfDomain()) === uid, "the TimeDomain was made anew");
    return countObjects("time");
  });
  await checks.check("uninstall with crds.keep=false leaves nothing at all", async () => {
    await helm.run(upgrade("time", "--set", "crds.keep=false"));
    await helm.run(uninstall("time"));
    await expectOnly();
  });
  await checks.check("install with --wait and the ClockProfiles as hooks, on a bare cluster", async () => {
    const waiting = helm.run(install("meridian", "--set", "profiles.firstInstall=Hook", "--wait", "--timeout", "90s"));
    const kubelet = new AbortController();
    const [outcome] = await Promise.allSettled([waiting.finally(() => kubelet.abort()), playKubelet(kubectl, kubelet.signal)]);
    if (outcome.status === "rejected") throw outcome.reason;
    await kubectl.run(["get", "clockprofiles", "lan-e2e", "ieee1588-e2e"]);
  });
  await checks.check("the next upgrade takes those into the release, as the same objects", async () => {
    const before = await jsonPath(".metadata.uid", "clockprofile", "lan-e2e");
    await helm.run(upgrade("meridian"));
    expect((await jsonPath(".metadata.uid", "clockprofile", "lan-e2e")) === before, "it was made anew");
    expect((await helm.run(["get", "manifest", "meridian", ...inNamespace])).includes("kind: ClockProfile"), "they are not in the release");
    expect((await jsonPath(".metadata.annotations", "clockprofile", "lan-e2e")).includes("keep"), "it is not kept");
    await helm.run(upgrade("meridian", "--set", "crds.keep=false"));
    await helm.run(uninstall("meridian"));
    await expectOnly();
  });
}

/** What the notes tell a user to begin with: an NTP server for all nodes, in at most twelve lines, which the API server takes as they are. */
async function checkFirstSample(notes: string, kubectl: Kubectl): Promise<void> {
  const lines = notes.split("\n");
  const from = lines.findIndex((line) => line.startsWith("     apiVersion:"));
  const length = lines.slice(from).findIndex((line) => !line.startsWith("     "));
  expect(from >= 0 && length > 0 && length <= 12, `the notes' sample has ${String(length)} lines:\n${notes}`);
  const sample = lines
    .slice(from, from + length)
    .map((line) => line.slice(5))
    .join("\n");
  for (const word of ["type: ExternalNTP", "kind: TimeDomain"]) expect(sample.includes(word), `no "${word}" in:\n${sample}`);
  await kubectl.run(["apply", "--dry-run=server", "--validate=strict", "--warnings-as-errors", "-f", "-"], sample);
}

/** Names of all objects of all kinds that carry our label. */
async function listOurs(kubectl: Kubectl): Promise<string[]> {
  const kinds = (await kubectl.run(["api-resources", "--verbs=list,delete", "-o", "name"])).trim().split("\n");
  const answer = await kubectl.run([
    "get",
    kinds.join(),
    "-A",
    "-l",
    "app.kubernetes.io/name=meridian",
    "-o",
    "name",
    "--ignore-not-found",
  ]);
  return answer.split("\n").filter((line) => line !== "");
}

/** No node is there to run a pod: says of each that it is ready, so that a Deployment becomes available. */
async function playKubelet(kubectl: Kubectl, signal: AbortSignal): Promise<void> {
  const status = { phase: "Running", conditions: [{ type: "Ready", status: "True", lastTransitionTime: new Date().toISOString() }] };
  while (!signal.aborted) {
    const pods = (await kubectl.run(["get", "pods", "-n", chartNamespace, "-o", "name"])).split("\n").filter((name) => name !== "");
    for (const pod of pods)
      await kubectl.try(["patch", pod, "-n", chartNamespace, "--subresource=status", "--type=merge", "-p", JSON.stringify({ status })]);
    await sleep(500);
  }
}
