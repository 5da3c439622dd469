/** LabelSelector against a node's labels, as Kubernetes means it (apimachinery, labels.Requirement.Matches). */
import type { LabelSelector } from "@meridian/crds";

export type Labels = Readonly<Record<string, string>>;
type Requirement = NonNullable<LabelSelector["matchExpressions"]>[number];

/** All parts must hold; {} selects everything. */
export function matchSelector(selector: LabelSelector, labels: Labels): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (readLabel(labels, key) !== value) return false;
  }
  return (selector.matchExpressions ?? []).every((requirement) => matchRequirement(requirement, labels));
}

/** NotIn holds for a node without the label: Kubernetes asks for absence of the pair, not for presence of the key. */
function matchRequirement({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = readLabel(labels, key);
  const listed = value !== undefined && (values ?? []).includes(value);
  return { In: listed, NotIn: !listed, Exists: value !== undefined, DoesNotExist: value === undefined }[operator];
}

/** Own properties only: a label may be called "constructor". */
function readLabel(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
