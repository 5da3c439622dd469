/** A taste of `npm run test:chart` for every run of the tests: the chart is in order and renders, without a cluster. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHelm, findHelm, type Helm } from "./helm.js";
import { repositoryRoot } from "../lab/repository.js";
import { findDuplicates, type KubeObject, parseRendering } from "./rendering.js";
import { checkRendering, lintChart, renderValueSet } from "./static-checks.js";
import { valueSets } from "./value-sets.js";

const program = await findHelm();
const missing = program === null ? "skipped: no Helm; npm run test:chart fetches it, or set TEST_ASSET_HELM" : null;
const smoke = ["defaults", "images by digest from one's own registry", "scheduling, resources, flags, paths"];

describe.skipIf(missing !== null)(`the chart${missing === null ? "" : ` (${missing})`}`, () => {
  let directory: string;
  let helm: Helm;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "meridian-chart-"));
    helm = createHelm(program ?? "", { directory });
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it("passes Helm's strict lint", async () => {
    await expect(lintChart(helm)).resolves.toBeUndefined();
  });

  it.each(valueSets.filter(({ name }) => smoke.includes(name)))("renders what is asked for: $name", async (set) => {
    const objects = await renderValueSet(helm, set);
    expect(objects.length).toBeGreaterThan(20);
    expect(() => checkRendering(objects, set)).not.toThrow();
  });
});

/** Settings that a pod has no use for, by program. */
const leftOut: Readonly<Record<string, readonly string[]>> = { operator: ["MERIDIAN_KUBECONFIG"], agent: [] };

describe("the pods' environment", () => {
  it.each([
    { program: "operator", config: "operator/src/config.ts" },
    { program: "agent", config: "node-agent/src/config.ts" },
  ])("sets exactly what the $program reads", ({ program, config }) => {
    const read = (path: string) => readFileSync(join(repositoryRoot(), path), "utf8");
    const known = [...read(config).matchAll(/\.env\("([A-Z_]+)"\)/g)].map(([, name = ""]) => name);
    const pods = parseRendering(read(`helm/kustomize/base/${program}.yaml`)).find(
      ({ kind }) => kind === "Deployment" || kind === "DaemonSet",
    );
    if (!pods) throw new Error(`no pods in ${program}.yaml`);
    const { template } = pods.spec as { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
    const variables = template.spec.containers[0]?.env ?? [];
    // POD_IP is there for others to be composed of.
    const composed = variables.map(({ name }) => name).filter((name) => variables.some(({ value }) => value?.includes(`$(${name})`)));
    const given = variables.map(({ name }) => name).filter((name) => !composed.includes(name));
    expect(known.length).toBeGreaterThan(5);
    expect([...given].sort()).toEqual(known.filter((name) => !leftOut[program]?.includes(name)).sort());
    for (const name of composed)
      expect(
        variables.findIndex((variable) => variable.name === name),
        `${name} has to stand before its use`,
      ).toBeLessThan(variables.findIndex(({ value }) => value?.includes(`$(${name})`)));
  });
});

describe("keys that stand twice", () => {
  const pod = (spec: object): KubeObject => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec });
  it.each([
    ["an environment variable", { containers: [{ env: [{ name: "A" }, { name: "B" }, { name: "A" }] }] }, "containers.env[A]"],
    [
      "a port's number",
      {
        containers: [
          {
            ports: [
              { containerPort: 1, protocol: "TCP" },
              { containerPort: 1, protocol: "TCP" },
            ],
          },
        ],
      },
      "ports[1/TCP]",
    ],
    [
      "a port's name",
      {
        ports: [
          { name: "x", port: 1 },
          { name: "x", port: 2 },
        ],
      },
      "ports[x]",
    ],
    ["a volume", { volumes: [{ name: "v" }, { name: "v" }] }, "volumes[v]"],
  ])("are found: %s", (_what, spec, path) => {
    expect(findDuplicates(pod(spec)).join()).toContain(path);
  });

  it("are not seen where there are none", () => {
    const ports = [
      { name: "a", containerPort: 1, protocol: "TCP" },
      { name: "b", containerPort: 1, protocol: "UDP" },
    ];
    expect(
      findDuplicates(
        pod({
          containers: [
            { name: "x", ports },
            { name: "y", ports },
          ],
        }),
      ),
    ).toEqual([]);
  });
});
