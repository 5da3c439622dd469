/** What needs no cluster: Helm's own judgement, the schema of the values, what the chart says about itself. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allResources } from "@meridian/crds";
import { parse } from "yaml";
import { repositoryRoot } from "../lab/repository.js";
import { badValues } from "./bad-values.js";
import { type Checks, expect } from "./checks.js";
import { chartDirectory, type Helm } from "./helm.js";
import { findDuplicates, type KubeObject, parseRendering } from "./rendering.js";
import type { ValueSet } from "./value-sets.js";

export const chartNamespace = "meridian-system";

const readChart = (file: string): string => readFileSync(join(chartDirectory, file), "utf8");

/** @throws Error when the chart, or what it renders, is not in order */
export async function renderValueSet(helm: Helm, { release = "meridian", values, apiVersions = [] }: ValueSet): Promise<KubeObject[]> {
  const capabilities = apiVersions.flatMap((version) => ["--api-versions", version]);
  const args = ["template", release, chartDirectory, "--namespace", chartNamespace, "--kube-version", "1.32.0", ...capabilities];
  return parseRendering(await helm.run([...args, "--values", "-"], JSON.stringify(values)));
}

/** @throws Error that names what stands twice or is missing */
export function checkRendering(objects: readonly KubeObject[], { holds }: ValueSet): void {
  const names = objects.map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.namespace ?? ""}/${metadata.name}`);
  const twice = [...names.filter((name, index) => names.indexOf(name) !== index), ...objects.flatMap(findDuplicates)];
  expect(twice.length === 0, `stands twice: ${twice.join(", ")}`);
  const unlabelled = objects.filter(
    ({ kind, metadata }) => kind !== "ConfigMap" && metadata.labels?.["app.kubernetes.io/part-of"] !== "meridian",
  );
  expect(unlabelled.length === 0, `without our labels: ${unlabelled.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(", ")}`);
  holds?.(objects);
}

export async function lintChart(helm: Helm): Promise<void> {
  const answer = await helm.run(["lint", "--strict", chartDirectory]);
  expect(answer.includes("0 chart(s) failed"), answer);
}

export async function checkStatics(checks: Checks, helm: Helm): Promise<void> {
  await checks.check("helm lint --strict", () => lintChart(helm));
  await checks.check("the schema knows exactly the values of values.yaml", checkSchema);
  await checks.check("Chart.yaml has the repository's version and lists exactly our kinds", checkMetadata);
  for (const { set, named } of badValues)
    await checks.check(`refused, and named: ${set}`, async () => {
      const { code, complaint } = await helm.try(["template", "meridian", chartDirectory, "--set", set]);
      expect(code !== 0, "it was taken");
      expect(complaint.includes(named), `the message does not name ${named}:\n${complaint}`);
    });
  await checks.check("refuses Kubernetes 1.31", async () => {
    const { code, complaint } = await helm.try(["template", "meridian", chartDirectory, "--kube-version", "1.31.9"]);
    expect(code !== 0 && complaint.includes("1.32.0"), complaint);
  });
}

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | object;
}

function checkSchema(): void {
  const schema = JSON.parse(readChart("values.schema.json")) as Schema & { readonly definitions: Readonly<Record<string, Schema>> };
  const different: string[] = [];
  const compare = (part: Schema, value: unknown, path: string): void => {
    const resolved = part.$ref ? (schema.definitions[part.$ref.replace("#/definitions/", "")] ?? part) : part;
    if (!resolved.properties) return;
    if (resolved.additionalProperties !== false) different.push(`${path || "top"} is open`);
    const known = Object.keys(resolved.properties).filter((key) => key !== "global");
    const given = Object.keys(value ?? {});
    // Of requests and limits a user sets what they like.
    if (!/\.(requests|limits)$/.test(path))
      different.push(...known.filter((key) => !given.includes(key)).map((key) => `${path}.${key} is no value`));
    different.push(...given.filter((key) => !known.includes(key)).map((key) => `${path}.${key} is not in the schema`));
    for (const key of known) compare(resolved.properties[key] ?? {}, (value as Record<string, unknown>)?.[key], `${path}.${key}`);
  };
  compare(schema, parse(readChart("values.yaml")), "");
  expect(different.length === 0, different.join("\n"));
}

function checkMetadata(): void {
  const chart = parse(readChart("Chart.yaml")) as { version: string; appVersion: string; annotations: Record<string, string> };
  const { version } = JSON.parse(readFileSync(join(repositoryRoot(), "package.json"), "utf8")) as { version: string };
  expect(chart.version === version && chart.appVersion === version, `${chart.version} and ${chart.appVersion} are not ${version}`);
  const listed = parse(chart.annotations["artifacthub.io/crds"] ?? "") as { name: string; kind: string }[];
  const text = (names: readonly string[]) => [...names].sort().join(" ");
  const found = text(listed.map(({ name, kind }) => `${kind} ${name}`));
  const wanted = text(allResources.map(({ kind, plural }) => `${kind} ${plural}.time.meridian.io`));
  expect(found === wanted, `${found}\nis not\n${wanted}`);
}
