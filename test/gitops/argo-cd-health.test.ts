/** What Argo CD would show, by running its health script in an interpreter of Lua on objects as our operator writes them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LuaFactory } from "wasmoon";
import { describe, expect, it } from "vitest";
import { repositoryRoot } from "../lab/repository.js";

const script = readFileSync(join(repositoryRoot(), "helm/gitops/argo-cd-health.lua"), "utf8");
const factory = new LuaFactory();

interface Health {
  readonly status: string;
  readonly message: string;
}

async function judge(object: unknown): Promise<Health> {
  const lua = await factory.createEngine();
  try {
    const health = `local obj = ${luaOf(object)}\nlocal function judge()\n${script}\nend\nlocal health = judge()\n`;
    return { status: await lua.doString(`${health}return health.status`), message: await lua.doString(`${health}return health.message`) };
  } finally {
    lua.global.close();
  }
}

/** A value of JSON as an expression of Lua, which knows no null in a table. */
function luaOf(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(luaOf).join(",")}}`;
  if (typeof value !== "object" || value === null) return value === null ? "nil" : JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, entry]) => `[${JSON.stringify(key)}]=${luaOf(entry)}`)
    .join(",")}}`;
}

const condition = (type: string, status: string, reason: string) => ({ type, status, reason, message: `${type} says ${reason}` });
const aDomain = (conditions: readonly object[], change: { status?: object; spec?: object; generation?: number } = {}) => ({
  kind: "TimeDomain",
  metadata: { name: "plant", generation: change.generation ?? 2 },
  spec: { ...change.spec },
  status: { observedGeneration: 2, conditions, ...change.status },
});
const ready = condition("Ready", "True", "Ready");

describe("the health that Argo CD shows", () => {
  it.each([
    ["before the operator has seen it", { kind: "TimeDomain", metadata: { name: "plant", generation: 1 }, spec: {} }, "Progressing"],
    ["while a change is not observed yet", aDomain([ready], { generation: 3 }), "Progressing"],
    ["when it is ready", aDomain([ready]), "Healthy"],
    [
      "while agents are waited for",
      aDomain([condition("Ready", "False", "WaitingForAgents"), condition("Reconciling", "True", "WaitingForAgents")]),
      "Progressing",
    ],
    [
      "while nodes acquire",
      aDomain([condition("Ready", "False", "NotSynchronized")], { status: { nodes: { acquiring: 2 } } }),
      "Progressing",
    ],
    [
      "when nodes lost time",
      aDomain([condition("Ready", "False", "NotSynchronized")], { status: { nodes: { acquiring: 0 } } }),
      "Degraded",
    ],
    [
      "when a reference stays missing",
      aDomain([condition("Ready", "False", "GrandmasterNotFound"), condition("Stalled", "True", "GrandmasterNotFound")]),
      "Degraded",
    ],
    ["while it is paused", aDomain([condition("Ready", "True", "Paused")], { spec: { paused: true } }), "Suspended"],
    [
      "of a Grandmaster that nobody uses",
      { kind: "Grandmaster", metadata: {}, status: { conditions: [condition("Ready", "True", "NotUsed")] } },
      "Healthy",
    ],
    [
      "of a Grandmaster that is wrong",
      { kind: "Grandmaster", metadata: {}, status: { conditions: [condition("Ready", "False", "Falseticker")] } },
      "Degraded",
    ],
    [
      "of a NodeClock in time",
      { kind: "NodeClock", metadata: {}, status: { conditions: [condition("Synchronized", "True", "WithinObjective")] } },
      "Healthy",
    ],
    [
      "of a NodeClock on its way",
      { kind: "NodeClock", metadata: {}, status: { conditions: [condition("Synchronized", "False", "Acquiring")] } },
      "Progressing",
    ],
    [
      "of a NodeClock out of time",
      { kind: "NodeClock", metadata: {}, status: { conditions: [condition("Synchronized", "False", "Holdover")] } },
      "Degraded",
    ],
  ])("%s", async (_when, object, status) => {
    expect((await judge(object)).status).toBe(status);
  });

  it("explains itself with the condition's message", async () => {
    expect((await judge(aDomain([ready]))).message).toBe("Ready says Ready");
  });
});
