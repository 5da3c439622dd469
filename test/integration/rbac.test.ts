/**
 * Who may do what, by doing it: roles and admission policies as the chart installs them, on a real API server, in everybody's name.
 * What is written is a dry run, which passes authorization and admission all the same. What a table does not name is covered by
 * comparing all rules that the API server knows of an account with the expected ones.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { usesExistingCluster } from "../controlplane/assets.js";
import { missingComponents } from "../controlplane/built-binaries.js";
import { type ControlPlane, startControlPlane } from "../controlplane/control-plane.js";
import { installMeridian, operatorNamespace } from "../lab/cluster.js";
import { type Answer, type Call, type Caller, Impersonation } from "../lab/impersonation.js";
import { callers } from "./rights/callers.js";
import {
  ours,
  core,
  own,
  definitions,
  bindings,
  get,
  create,
  merge,
  remove,
  domain,
  grandmaster,
  profile,
  nodeClock,
  status,
  named,
  kinds,
  clusterAdminBinding,
} from "./rights/calls.js";
import { table } from "./rights/verdicts.js";
import { everything, readRules } from "./rights/whole-rules.js";

const missing =
  (await missingComponents()) ?? (usesExistingCluster(process.env) ? "skipped: needs a cluster of its own to bind roles in" : null);

describe.skipIf(missing !== null)(`rights${missing === null ? "" : ` (${missing})`}`, () => {
  let plane: ControlPlane;
  let api: Impersonation;

  const verdictOf = ({ status: code, body }: Answer): string => {
    const { message = "" } = body as { message?: string };
    if (code >= 200 && code < 300) return "allowed";
    if (code === 403 && message.includes("ValidatingAdmissionPolicy")) return "refused by admission";
    if (code === 403 && message.includes(" cannot ")) return "refused by RBAC";
    return `${String(code)}: ${message}`;
  };
  const must = async (caller: Caller | null, call: Call): Promise<unknown> => {
    const answer = await api.send(caller, call);
    if (verdictOf(answer) !== "allowed") throw new Error(`${call.method} ${call.path}: ${verdictOf(answer)}`);
    return answer.body;
  };
  const really = (call: Call): Call => ({ ...call, path: call.path.replace("?dryRun=All", "") });
  const rulesOf = async (caller: Caller, namespace: string): Promise<string[]> => {
    const spec = { namespace };
    const review = (await must(caller, {
      method: "POST",
      path: "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
      body: { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec },
    })) as { status: { resourceRules: ResourceRule[]; nonResourceRules: NonResourceRule[]; incomplete: boolean } };
    const { resourceRules, nonResourceRules } = review.status;
    return [
      ...resourceRules.flatMap(({ verbs, apiGroups, resources, resourceNames = [""] }) =>
        verbs.flatMap((verb) =>
          apiGroups.flatMap((group) =>
            resources.flatMap((resource) => resourceNames.map((name) => `${verb} ${resource}.${group}${name && ` ${name}`}`)),
          ),
        ),
      ),
      ...nonResourceRules.flatMap(({ verbs, nonResourceURLs }) => verbs.flatMap((verb) => nonResourceURLs.map((url) => `${verb} ${url}`))),
    ];
  };
  const eventually = (look: () => Promise<string | number>, wanted: string | number): Promise<void> =>
    vi.waitFor(async () => expect(await look()).toBe(wanted), { timeout: 100_000, interval: 200 });
  const unique = (rules: readonly string[]) => [...new Set(rules)].sort();

  beforeAll(async () => {
    plane = await startControlPlane();
    await installMeridian(plane.kubectl);
    api = new Impersonation(plane);
    const bind = (role: string, { user }: Caller) => ({ ...clusterAdminBinding(user, user), roleRef: { ...roleRef, name: role } });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole" };
    const writing = {
      ...named("rbac.authorization.k8s.io/v1", "ClusterRole", "writing-nodeclocks"),
      rules: [
        { apiGroups: ["time.meridian.io"], resources: ["nodeclocks"], verbs: ["get", "create", "update", "patch", "delete"] },
        { apiGroups: ["time.meridian.io"], resources: kinds.map(([plural]) => `${plural}/status`), verbs: ["update", "patch"] },
      ],
    };
    await plane.kubectl.apply([
      writing,
      bind("meridian-admin", callers.admin),
      bind("meridian-source-editor", callers.sourceEditor),
      bind("view", callers.viewer),
      bind("edit", callers.editor),
      bind("writing-nodeclocks", callers.gitops),
      domain("plant"),
      grandmaster("roof"),
      profile("lan"),
      named("v1", "Node", "n1"),
      { ...named("v1", "Secret", "meridian-hub-tls"), metadata: { name: "meridian-hub-tls", namespace: operatorNamespace } },
      { ...named("v1", "Secret", "other"), metadata: { name: "other", namespace: operatorNamespace } },
      {
        ...named("coordination.k8s.io/v1", "Lease", "meridian-operator"),
        metadata: { name: "meridian-operator", namespace: operatorNamespace },
      },
      { ...named("coordination.k8s.io/v1", "Lease", "other"), metadata: { name: "other", namespace: operatorNamespace } },
    ]);
    await must(callers.operator, really(create(`${ours}/nodeclocks`, nodeClock("n1"))));
    // Policies and aggregated roles take effect a moment after they are written.
    await eventually(
      async () => verdictOf(await api.send(callers.clusterAdmin, merge(`${ours}/nodeclocks/n1/status`, { status }))),
      "refused by admission",
    );
    await eventually(async () => verdictOf(await api.send(callers.editor, get(`${ours}/nodeclocks`))), "allowed");
  }, 180_000);
  afterAll(async () => {
    await api?.close();
    await plane?.stop();
  });

  describe.each(table)("of $caller: $verdict", ({ caller, verdict, rows }) => {
    it.each(rows)("%s", async (_what, call) => {
      const body = await withResourceVersion(call);
      expect(verdictOf(await api.send(callers[caller], body))).toBe(verdict);
    });
  });

  /** A replacement has to name the version that it replaces. */
  const withResourceVersion = async (call: Call): Promise<Call> => {
    if (call.method !== "PUT") return call;
    const { metadata } = (await must(null, get(call.path.replace("?dryRun=All", "")))) as { metadata: { resourceVersion: string } };
    return { ...call, body: { ...call.body, metadata: { name: "n1", resourceVersion: metadata.resourceVersion } } };
  };

  describe("are these and no others", () => {
    it.each(everything)("of $caller in $namespace", async ({ caller, namespace, rules }) => {
      const everybodys = await rulesOf(callers.nobody, namespace);
      const found = (await rulesOf(callers[caller], namespace)).filter((rule) => !everybodys.includes(rule));
      // Service accounts may read the issuer's keys, in every cluster.
      expect(unique(found.filter((rule) => !/^get \/(openid|\.well-known)\//.test(rule)))).toEqual(unique(rules));
    });

    it("of view and edit, as far as they concern our kinds", async () => {
      for (const caller of [callers.viewer, callers.editor]) {
        const found = (await rulesOf(caller, "default")).filter((rule) => rule.includes("time.meridian.io"));
        expect(unique(found)).toEqual(unique(readRules("timedomains", "grandmasters", "clockprofiles", "nodeclocks")));
      }
    });

    it("hold no wildcard in any role of ours", async () => {
      const { items } = await plane.kubectl.get<{ items: { rules: object[] }[] }>([
        "clusterroles,roles",
        "-A",
        "-l",
        "app.kubernetes.io/part-of=meridian",
      ]);
      expect(items.length).toBeGreaterThanOrEqual(7);
      expect(JSON.stringify(items.map(({ rules }) => rules))).not.toContain('"*"');
    });
  });

  it("are nobody's who shows neither certificate nor token", async () => {
    expect((await api.sendNameless(get(`${ours}/nodeclocks`))).status).toBe(401);
    expect((await api.send(null, get(`${ours}/nodeclocks`))).status).toBe(200);
  });

  it("of agents are none to write, even when somebody binds their account to cluster-admin", async () => {
    await must(null, really(create(bindings, clusterAdminBinding("mistake", callers.agent.user))));
    const writes = [
      create(`${own}/configmaps`, named("v1", "ConfigMap", "new")),
      merge(`${core}/nodes/n1`, { metadata: { labels: { a: "b" } } }),
      remove(`${own}/secrets/other`),
      merge(`${ours}/nodeclocks/n1/status`, { status }),
      create(`${own}/serviceaccounts/default/token`, { spec: {} }),
      create(bindings, clusterAdminBinding("more", "somebody")),
    ];
    try {
      await eventually(async () => verdictOf(await api.send(callers.agent, get(`${core}/nodes`))), "allowed");
      for (const call of writes) expect(verdictOf(await api.send(callers.agent, call)), call.path).toBe("refused by admission");
    } finally {
      await must(null, really(remove(`${bindings}/mistake`)));
    }
  });

  // The collector looks for new kinds every 30 s, and waits for its caches to be filled.
  it("of the garbage collector suffice: a NodeClock goes with its Node", { timeout: 120_000 }, async () => {
    const { metadata } = (await must(null, really(create(`${core}/nodes`, named("v1", "Node", "short-lived"))))) as {
      metadata: { uid: string };
    };
    const owner = { apiVersion: "v1", kind: "Node", name: "short-lived", uid: metadata.uid };
    const clock = { ...nodeClock("short-lived"), metadata: { name: "short-lived", ownerReferences: [owner] } };
    await must(callers.operator, really(create(`${ours}/nodeclocks`, clock)));
    await must(null, really(remove(`${core}/nodes/short-lived`)));
    await eventually(async () => (await api.send(null, get(`${ours}/nodeclocks/short-lived`))).status, 404);
  });

  it("are nobody's obstacle to removing the kind: the CRD goes with its NodeClocks, past every policy", async () => {
    await must(null, really(remove(`${definitions}/nodeclocks.time.meridian.io`)));
    await eventually(async () => (await api.send(null, get(`${definitions}/nodeclocks.time.meridian.io`))).status, 404);
  });
});

interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
}
interface NonResourceRule {
  readonly verbs: readonly string[];
  readonly nonResourceURLs: readonly string[];
}
