/** Parts that several kinds share: references, selectors, interface names, conditions. */
import { type Static, Type } from "typebox";
import { atomicList, instant, int64, mapList, oneOf, rules, text } from "./fields.js";
import { forms } from "./forms.js";

/** Objects that a reference can name: the name goes into NodeClocks and metric labels, which hold no more. */
export const maxReferableNameLength = 63;

export function reference(description: string) {
  return Type.Object(
    {
      name: text({
        description: "Name of the object.",
        minLength: 1,
        maxLength: maxReferableNameLength,
        pattern: forms.objectName.pattern,
      }),
    },
    { description, "x-kubernetes-map-type": "atomic" },
  );
}

/** Interface as the kernel names it; a VLAN is the name of its network device. */
export function interfaceName(description: string) {
  return text({ description, minLength: 1, maxLength: 15, pattern: forms.interfaceName.pattern });
}

export function objectName(description: string) {
  return text({ description, minLength: 1, maxLength: maxReferableNameLength, pattern: forms.objectName.pattern });
}

/** Prefix of at most 253 characters, a slash, a name of at most 63. */
export function labelKey(description: string, options: { readonly default?: string } = {}) {
  return text({ description, minLength: 1, maxLength: 317, pattern: forms.labelKey.pattern, ...options });
}

function labelValue(description: string) {
  return text({ description, maxLength: 63, pattern: forms.labelValue.pattern });
}

const selectorRequirement = Type.Object(
  {
    key: labelKey("Label key."),
    operator: oneOf(["In", "NotIn", "Exists", "DoesNotExist"], { description: "How the label's value relates to values." }),
    values: Type.Optional(
      atomicList(labelValue("Label value."), {
        description: "Values for In and NotIn; absent for Exists and DoesNotExist.",
        maxItems: 64,
      }),
    ),
  },
  {
    description: "One condition on a label.",
    ...rules({
      rule: "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
      message: "In and NotIn need values; Exists and DoesNotExist take none",
      fieldPath: ".values",
    }),
  },
);

/** A LabelSelector; {} selects everything. */
export function labelSelector(description: string) {
  return Type.Object(
    {
      matchLabels: Type.Optional(
        Type.Record(Type.String(), labelValue("Value of the label."), { description: "Labels that must all be equal.", maxProperties: 32 }),
      ),
      matchExpressions: Type.Optional(atomicList(selectorRequirement, { description: "Conditions that must all hold.", maxItems: 16 })),
    },
    { description, "x-kubernetes-map-type": "atomic" },
  );
}
export type LabelSelector = Static<ReturnType<typeof labelSelector>>;

const condition = Type.Object(
  {
    type: text({ description: "What is judged, CamelCase.", minLength: 1, maxLength: 63 }),
    status: oneOf(["True", "False", "Unknown"], { description: "The judgement." }),
    observedGeneration: Type.Optional(
      int64({ description: "The generation of spec that was judged.", minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    ),
    lastTransitionTime: instant("When status last changed."),
    reason: text({
      description: "Why, one CamelCase word of a stable set.",
      minLength: 1,
      maxLength: 63,
      pattern: "^[A-Za-z]([A-Za-z0-9]*)$",
    }),
    message: text({ description: "Why, for a person.", maxLength: 1024 }),
  },
  { description: "One aspect of the object's state." },
);
export type Condition = Static<typeof condition>;

export function conditionList() {
  return mapList(condition, "type", { description: "Aspects of the object's state; types and reasons are a stable set.", maxItems: 12 });
}

/**
 * Status of an object that the operator has not seen. kstatus takes an object without a status for one that is done, and
 * `helm --wait` would come back before anything has happened; with a generation that is not the object's it waits.
 */
export const unseen = { observedGeneration: -1 } as const;

export function observedGeneration() {
  return int64({
    description: "The generation of spec that this status speaks of; -1 before the operator has seen the object.",
    minimum: -1,
    maximum: Number.MAX_SAFE_INTEGER,
  });
}

export function clockIdentity(description: string) {
  return text({ description, maxLength: 18, pattern: forms.clockIdentity.pattern });
}

export function ipv4Address(description: string) {
  return text({ description, maxLength: 15, pattern: forms.ipv4Address.pattern });
}
