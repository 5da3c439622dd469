/** Ways in which the chart is used. Each rendering has to pass the API server, and to hold what its values ask for. */
import { expect } from "./checks.js";
import { type KubeObject, nameOf } from "./rendering.js";

export interface ValueSet {
  readonly name: string;
  readonly values: object;
  /** Of the release; default meridian. */
  readonly release?: string;
  /** Kinds that the cluster has besides Kubernetes' own. */
  readonly apiVersions?: readonly string[];
  /** @throws Error that says what is missing */
  readonly holds?: (objects: readonly KubeObject[]) => void;
}

interface PodSpec {
  readonly containers: readonly {
    readonly image: string;
    readonly env: readonly { readonly name: string; readonly value?: string }[];
    readonly args?: readonly string[];
    readonly securityContext: { readonly privileged?: boolean; readonly capabilities?: { readonly add?: readonly string[] } };
  }[];
  readonly volumes?: readonly { readonly name: string; readonly hostPath?: { readonly path: string } }[];
  readonly imagePullSecrets?: readonly { readonly name: string }[];
}

/** The pods' spec of a Deployment or DaemonSet. @throws Error when there is none of this kind */
function podSpecOf(objects: readonly KubeObject[], kind: "Deployment" | "DaemonSet"): PodSpec {
  const spec = objects.find((object) => object.kind === kind)?.spec as { template: { spec: PodSpec } } | undefined;
  if (!spec) throw new Error(`no ${kind}`);
  return spec.template.spec;
}
const containerOf = (objects: readonly KubeObject[], kind: "Deployment" | "DaemonSet") => {
  const [container] = podSpecOf(objects, kind).containers;
  if (!container) throw new Error(`no container in the ${kind}`);
  return container;
};
const envOf = (objects: readonly KubeObject[], kind: "Deployment" | "DaemonSet", name: string) =>
  containerOf(objects, kind).env.find((variable) => variable.name === name)?.value;
const kindsOf = (objects: readonly KubeObject[]) => new Set(objects.map(({ kind }) => kind));
const is = (found: unknown, expected: unknown, what: string) =>
  expect(JSON.stringify(found) === JSON.stringify(expected), `${what} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);

const served = ["time.meridian.io/v1alpha1/ClockProfile"];
const monitoringKinds = ["monitoring.coreos.com/v1"];
const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

export const valueSets: readonly ValueSet[] = [
  {
    name: "defaults",
    values: {},
    holds: (objects) => {
      is(envOf(objects, "DaemonSet", "MERIDIAN_HUB"), "meridian-hub.meridian-system.svc:9463", "the agents' hub");
      is(envOf(objects, "Deployment", "MERIDIAN_HUB_ENDPOINT"), "$(POD_IP):9463", "the replica's own address");
      is(containerOf(objects, "DaemonSet").securityContext.capabilities?.add?.length, 4, "the number of capabilities");
      is(envOf(objects, "DaemonSet", "MERIDIAN_CLOCKBOUND_DIRECTORY"), "none", "the folder of ClockBound's pages");
      expect(!kindsOf(objects).has("ClockProfile"), "a ClockProfile, though its kind is not served yet");
      expect(!kindsOf(objects).has("NetworkPolicy"), "a NetworkPolicy that nobody asked for");
    },
  },
  {
    name: "kinds served already",
    values: {},
    apiVersions: served,
    holds: (objects) => is(objects.filter(({ kind }) => kind === "ClockProfile").length, 2, "the number of ClockProfiles"),
  },
  { name: "no ClockProfiles", values: { profiles: { install: false } }, apiVersions: served },
  {
    name: "ClockProfiles as hooks, CRDs not kept",
    values: { profiles: { firstInstall: "Hook" }, crds: { keep: false } },
    holds: (objects) => {
      const hooks = objects.filter(({ kind }) => kind === "ClockProfile").map(({ metadata }) => metadata.annotations?.["helm.sh/hook"]);
      is(hooks, ["post-install", "post-install"], "the ClockProfiles' hook");
      const kept = objects.filter(({ metadata }) => metadata.annotations?.["helm.sh/resource-policy"] === "keep");
      is(kept.map(nameOf), [], "what is kept");
    },
  },
  {
    name: "CRDs by somebody else",
    values: { crds: { install: false } },
    holds: (objects) => expect(!kindsOf(objects).has("CustomResourceDefinition"), "a CRD"),
  },
  {
    name: "agents that only observe",
    values: { agent: { mode: "observe" } },
    holds: (objects) => {
      is(containerOf(objects, "DaemonSet").securityContext.capabilities?.add, ["NET_RAW", "NET_BIND_SERVICE"], "capabilities");
      is(envOf(objects, "DaemonSet", "MERIDIAN_MODE"), "observe", "the mode");
    },
  },
  {
    name: "pages for ClockBound's clients",
    values: { agent: { clockbound: { enabled: true }, hostPaths: { clockbound: "/run/elsewhere" } } },
    holds: (objects) => {
      is(envOf(objects, "DaemonSet", "MERIDIAN_CLOCKBOUND_DIRECTORY"), "/var/run/clockbound", "the pages' folder");
      const volume = podSpecOf(objects, "DaemonSet").volumes?.find(({ name }) => name === "clockbound");
      is(volume?.hostPath?.path, "/run/elsewhere", "the node's folder");
    },
  },
  {
    name: "privileged agents",
    values: { agent: { privileged: true } },
    holds: (objects) => {
      const { privileged, capabilities } = containerOf(objects, "DaemonSet").securityContext;
      is([privileged, capabilities], [true, undefined], "privileged, with capabilities");
    },
  },
  {
    name: "images by digest from one's own registry",
    values: {
      imagePullSecrets: ["pull", "pull-too"],
      operator: { image: { registry: "registry.example:5000/time", digest, tag: "ignored", pullPolicy: "Always" } },
      agent: { image: { registry: "registry.example:5000", repository: "a/b", tag: "v9" } },
    },
    holds: (objects) => {
      is(containerOf(objects, "Deployment").image, `registry.example:5000/time/meridian-operator@${digest}`, "the operator's image");
      is(containerOf(objects, "DaemonSet").image, "registry.example:5000/a/b:v9", "the agents' image");
      is(podSpecOf(objects, "DaemonSet").imagePullSecrets, [{ name: "pull" }, { name: "pull-too" }], "the pull secrets");
    },
  },
  {
    name: "a release's name with dots",
    release: "time.v1",
    values: {},
    holds: (objects) => {
      const dotted = objects.filter(({ kind, metadata }) => kind === "Service" && metadata.name.includes("."));
      is(dotted.map(nameOf), [], "Services with dots");
    },
  },
  {
    name: "another release's name",
    release: "time",
    values: {},
    holds: (objects) => {
      // The kinds are the cluster's, and so are the policies: a second release is refused for either.
      const singletons = /^(CustomResourceDefinition|ValidatingAdmissionPolicy(Binding)?)$/;
      const other = objects.filter(({ kind, metadata }) => !singletons.test(kind) && !metadata.name.startsWith("time-meridian"));
      is(other.map(nameOf), [], "names without the release's prefix");
      is(envOf(objects, "Deployment", "MERIDIAN_AGENT_SERVICE_ACCOUNT"), "time-meridian-agent", "the agents' account");
    },
  },
  {
    name: "a long name, labels of one's own",
    values: { fullnameOverride: "a-name-of-forty-characters-is-the-limit1", nameOverride: "clocks", commonLabels: { team: "time" } },
    holds: (objects) => {
      const unlabelled = objects.filter(({ metadata }) => metadata.labels?.["team"] !== "time");
      is(unlabelled.map(nameOf), [], "objects without the label");
    },
  },
  {
    name: "network policies",
    values: {
      networkPolicy: {
        enabled: true,
        apiServerPorts: [16443],
        hubFrom: [{ ipBlock: { cidr: "10.0.0.0/8" } }],
        metricsFrom: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
      },
    },
    holds: (objects) => expect(kindsOf(objects).has("NetworkPolicy"), "no NetworkPolicy"),
  },
  { name: "network policies, open", values: { networkPolicy: { enabled: true } } },
  {
    name: "monitoring",
    values: { monitoring: { enabled: true, labels: { release: "prometheus" }, interval: "5s" } },
    apiVersions: monitoringKinds,
    holds: (objects) => {
      const labelled = objects.filter(({ metadata }) => metadata.labels?.["release"] === "prometheus").map(({ kind }) => kind);
      is(labelled, ["PodMonitor", "ServiceMonitor"], "the monitors");
    },
  },
  {
    name: "monitoring where there is none",
    values: { monitoring: { enabled: true } },
    holds: (objects) => expect(!kindsOf(objects).has("PodMonitor"), "a PodMonitor"),
  },
  {
    name: "one replica, no budget, no policies, no roles for people",
    values: {
      operator: { replicas: 1, podDisruptionBudget: { enabled: false } },
      admission: { enabled: false },
      rbac: { userRoles: false },
    },
    holds: (objects) => {
      for (const kind of ["PodDisruptionBudget", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"])
        expect(!kindsOf(objects).has(kind), `a ${kind}`);
    },
  },
  {
    name: "agents may be bound to roles",
    values: { admission: { denyAgents: false } },
    holds: (objects) => is(objects.filter(({ kind }) => kind === "ValidatingAdmissionPolicy").length, 2, "the number of policies"),
  },
  {
    name: "scheduling, resources, flags, paths",
    values: {
      operator: {
        replicas: 3,
        extraArgs: ["--log-level=debug"],
        tolerations: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" }],
        nodeSelector: { "node-role.kubernetes.io/control-plane": "" },
        affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "topology.kubernetes.io/zone",
            whenUnsatisfiable: "DoNotSchedule",
            labelSelector: { matchLabels: {} },
          },
        ],
        podAnnotations: { "example.com/a": "b" },
        priorityClassName: "",
        resources: { requests: { cpu: 1, memory: "512Mi" } },
        serviceAccount: { annotations: { "example.com/a": "b" } },
      },
      agent: {
        hubAddresses: "10.0.0.1:9463,10.0.0.2:9463",
        httpPort: 19464,
        hostPaths: { state: "/opt/meridian/state", run: "/opt/meridian/run" },
        priorityClassName: "",
        updateStrategy: { maxUnavailable: 1 },
        nodeSelector: { "example.com/time": "yes" },
        tolerations: [],
        extraArgs: ["--log-level", "debug"],
        podAnnotations: { "example.com/a": "b" },
        serviceAccount: { annotations: { "example.com/a": "b" } },
      },
    },
    holds: (objects) => {
      is(containerOf(objects, "DaemonSet").args, ["--log-level", "debug"], "the agents' flags");
      is(envOf(objects, "DaemonSet", "MERIDIAN_HTTP_ADDRESS"), "0.0.0.0:19464", "the agents' port");
      const paths = podSpecOf(objects, "DaemonSet").volumes?.flatMap(({ hostPath }) => (hostPath ? [hostPath.path] : []));
      is(paths, ["/opt/meridian/state", "/opt/meridian/run"], "the folders of the node");
    },
  },
  {
    name: "objects of one's own",
    values: {
      extraObjects: [
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "{{ .Release.Name }}-map", namespace: "{{ .Release.Namespace }}" } },
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include "meridian.fullname" . }}-text\n  namespace: {{ .Release.Namespace }}\n',
      ],
    },
    holds: (objects) => {
      const maps = objects.filter(({ kind }) => kind === "ConfigMap").map(({ metadata }) => metadata.name);
      is(maps, ["meridian-map", "meridian-text"], "the ConfigMaps");
    },
  },
];
