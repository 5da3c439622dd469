/** NodeClock: one per member node, written by the operator only. Its spec is the plan (like an EndpointSlice), its status what the agent reports. */
import { type Static, Type } from "typebox";
import { clockIdentity, conditionList, interfaceName, objectName, reference } from "./shared-schemas.js";
import { atomicList, instant, int32, int64, mapList, oneOf, rules, text, word } from "./fields.js";
import { defineResource } from "./resource.js";

export const roles = ["Grandmaster", "OrdinaryClock", "Observer"] as const;
export type Role = (typeof roles)[number];

const domainNumber = () => int32({ description: "PTP domain number.", minimum: 0, maximum: 127 });

const serves = Type.Object(
  {
    protocol: oneOf(["PTP"], { description: "Protocol." }),
    domainNumber: domainNumber(),
    grandmasterRef: reference("The Grandmaster that is served."),
    interface: interfaceName("Interface it is served on."),
  },
  { description: "One instance in which this node is the timeTransmitter." },
);

const upstream = Type.Object(
  {
    name: objectName("Name of the source in the TimeDomain."),
    type: oneOf(["Grandmaster"], { description: "What is followed." }),
    grandmasterRef: Type.Optional(reference("The Grandmaster.")),
    protocol: oneOf(["PTP"], { description: "Protocol." }),
    domainNumber: domainNumber(),
    address: Type.Optional(text({ description: "Address of the other end, when it is known.", maxLength: 45 })),
    interface: interfaceName("Interface it is reached by."),
    priority: int32({ description: "Higher wins.", minimum: 0, maximum: 1000 }),
    use: oneOf(["Primary", "Fallback", "Watchdog"], { description: "What it is used for." }),
    reason: word("Why it was chosen."),
  },
  {
    description: "One source that this node measures.",
    ...rules({
      rule: "has(self.grandmasterRef)",
      message: "grandmasterRef is required for type Grandmaster",
      fieldPath: ".grandmasterRef",
    }),
  },
);

const spec = Type.Object(
  {
    nodeName: text({ description: "Node; look objects up by this field, never by their name.", minLength: 1, maxLength: 253 }),
    domainRef: reference("TimeDomain that the node belongs to."),
    role: oneOf(roles, { description: "What the node does." }),
    roleReason: word("Why it has that role."),
    serves: Type.Optional(atomicList(serves, { description: "Instances in which it is the timeTransmitter.", maxItems: 8 })),
    upstreams: Type.Optional(mapList(upstream, "name", { description: "Sources that it measures.", maxItems: 8 })),
  },
  {
    description: "The plan for one node.",
    ...rules({ rule: "self.nodeName == oldSelf.nodeName", message: "nodeName is immutable", fieldPath: ".nodeName" }),
  },
);

const nanoseconds = (description: string) => int64({ description, minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER });

const status = Type.Object(
  {
    conditions: Type.Optional(conditionList()),
    state: Type.Optional(word("FreeRunning, Acquiring, FrequencyLocked, PhaseAligned, Holdover, Conflicted or Unknown.")),
    stateReason: Type.Optional(word("Why it is in that state.")),
    stateTransitionTime: Type.Optional(instant("When state last changed.")),
    selectedUpstream: Type.Optional(text({ description: "Upstream that is followed now.", maxLength: 63 })),
    errorBoundNanoseconds: Type.Optional(
      int64({
        description: "Calibrated bound, rounded up to 1-2-5 steps and rewritten on crossing: true until rewritten.",
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
      }),
    ),
    guaranteedErrorNanoseconds: Type.Optional(
      int64({ description: "Guaranteed bound, rounded likewise.", minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    ),
    grandmasterIdentity: Type.Optional(clockIdentity("Grandmaster at the far end of the selected upstream.")),
    stepsRemoved: Type.Optional(int32({ description: "Boundary clocks on the way to it.", minimum: 0, maximum: 65535 })),
    interfaces: Type.Optional(
      mapList(
        Type.Object(
          {
            name: interfaceName("Interface."),
            phc: Type.Optional(text({ description: "Its hardware clock.", maxLength: 12 })),
            timestamping: word("Hardware, Software or None."),
          },
          { description: "One interface." },
        ),
        "name",
        { description: "Interfaces of the node.", maxItems: 16 },
      ),
    ),
    clocks: Type.Optional(
      mapList(
        Type.Object(
          {
            name: text({ description: "What a Grandmaster's reference names.", maxLength: 63 }),
            type: word("PHC, System or Virtual."),
            device: text({ description: "As the agent opened it.", maxLength: 253 }),
          },
          { description: "One clock." },
        ),
        "name",
        { description: "Clocks of the node.", maxItems: 8 },
      ),
    ),
    transitions: Type.Optional(
      atomicList(
        Type.Object(
          { time: instant("When."), state: word("Entered state."), reason: word("Why.") },
          { description: "One change of state." },
        ),
        { description: "The last changes of state, newest last.", maxItems: 5 },
      ),
    ),
    lastSample: Type.Optional(
      Type.Object(
        {
          time: instant("When it was taken."),
          offsetNanoseconds: nanoseconds("local − reference."),
          frequencyPartsPerBillion: int32({
            description: "Frequency error of the free oscillator.",
            minimum: -2147483648,
            maximum: 2147483647,
          }),
          pathDelayNanoseconds: nanoseconds("Mean path delay of the selected upstream."),
        },
        { description: "A sample as of its time; live figures are metrics." },
      ),
    ),
  },
  { description: "What the node's agent reports." },
);

export type NodeClockSpec = Static<typeof spec>;
export type NodeClockStatus = Static<typeof status>;
export type NodeClockUpstream = Static<typeof upstream>;
export type NodeClockServes = Static<typeof serves>;

export const nodeClock = defineResource<NodeClockSpec, NodeClockStatus>({
  kind: "NodeClock",
  plural: "nodeclocks",
  singular: "nodeclock",
  shortNames: ["nc"],
  description: "The plan and the state of one node's clock; written by the operator.",
  spec,
  status,
  selectableFields: [".spec.nodeName", ".spec.domainRef.name", ".spec.role", ".status.state"],
  columns: [
    { name: "Domain", type: "string", jsonPath: ".spec.domainRef.name" },
    { name: "Role", type: "string", jsonPath: ".spec.role" },
    { name: "Upstream", type: "string", jsonPath: ".status.selectedUpstream" },
    { name: "State", type: "string", jsonPath: ".status.state" },
    { name: "Bound-ns", type: "integer", jsonPath: ".status.errorBoundNanoseconds" },
    { name: "Changed", type: "date", jsonPath: ".status.stateTransitionTime" },
    { name: "Offset-ns", type: "integer", jsonPath: ".status.lastSample.offsetNanoseconds", priority: 1 },
    { name: "As-Of", type: "date", jsonPath: ".status.lastSample.time", priority: 1 },
    { name: "Message", type: "string", jsonPath: '.status.conditions[?(@.type=="Synchronized")].message', priority: 1 },
  ],
});
