import type { LabelSelector } from "@meridian/crds";
import { describe, expect, it } from "vitest";
import { matchSelector } from "./match-selector.js";

type Requirement = NonNullable<LabelSelector["matchExpressions"]>[number];

const labels = { zone: "a", role: "edge" };

function expression(key: string, operator: Requirement["operator"], values?: string[]): LabelSelector {
  return { matchExpressions: [values === undefined ? { key, operator } : { key, operator, values }] };
}

describe("a label selector", () => {
  it.each<[string, LabelSelector, boolean]>([
    ["without conditions selects everything", {}, true],
    ["selects by an equal label", { matchLabels: { zone: "a" } }, true],
    ["wants all labels equal", { matchLabels: { zone: "a", role: "core" } }, false],
    ["does not take an inherited property for a label", { matchLabels: { constructor: "a" } }, false],
    ["In holds for a listed value", expression("zone", "In", ["b", "a"]), true],
    ["In fails for another value", expression("zone", "In", ["b"]), false],
    ["In fails without the label", expression("rack", "In", ["b"]), false],
    ["NotIn fails for a listed value", expression("zone", "NotIn", ["a"]), false],
    ["NotIn holds for another value", expression("zone", "NotIn", ["b"]), true],
    ["NotIn holds without the label", expression("rack", "NotIn", ["b"]), true],
    ["Exists holds for any value", expression("zone", "Exists"), true],
    ["Exists fails without the label", expression("rack", "Exists"), false],
    ["DoesNotExist holds without the label", expression("rack", "DoesNotExist"), true],
    ["DoesNotExist fails with the label", expression("zone", "DoesNotExist"), false],
    ["wants labels and expressions both", { matchLabels: { zone: "a" }, ...expression("role", "In", ["core"]) }, false],
  ])("%s", (_sentence, selector, expected) => {
    expect(matchSelector(selector, labels)).toBe(expected);
  });
});
