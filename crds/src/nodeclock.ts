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
    protocol: oneOf(["PTP", "NTP"], { description: "Protocol." }),
    domainNumber: Type.Optional(domainNumber()),
    grandmasterRef: Type.Optional(reference("The Grandmaster that is served; over NTP the node serves its own clock.")),
    interface: Type.Optional(interfaceName("Interface it is served on; over NTP all of them.")),
  },
  {
    description: "One instance in which this node is the timeTransmitter, or its NTP server.",
    ...rules({
      rule: "self.protocol == 'PTP' ? has(self.domainNumber) && has(self.grandmasterRef) && has(self.interface) : !has(self.domainNumber) && !has(self.grandmasterRef) && !has(self.interface)",
      message: "domainNumber, grandmasterRef and interface are required for protocol PTP and forbidden for NTP",
      fieldPath: ".protocol",
    }),
  },
);

const upstream = Type.Object(
  {
    name: objectName("Name of the source in the TimeDomain."),
    type: oneOf(["Grandmaster"], { description: "What is followed." }),
    grandmasterRef: Type.Optional(reference("The Grandmaster.")),
    protocol: oneOf(["PTP", "NTP"], { description: "Protocol." }),
    domainNumber: Type.Optional(domainNumber()),
    address: Type.Optional(text({ description: "Address or DNS name of the other end, when it is known.", maxLength: 253 })),
    interface: Type.Optional(interfaceName("Interface it is reached by; absent: the node's routing decides.")),
    priority: int32({ description: "Higher wins.", minimum: 0, maximum: 1000 }),
    use: oneOf(["Primary", "Fallback", "Watchdog"], { description: "What it is used for." }),
    reason: word("Why it was chosen."),
  },
  {
    description: "One source that this node measures.",
    ...rules(
      {
        rule: "has(self.grandmasterRef)",
        message: "grandmasterRef is required for type Grandmaster",
        fieldPath: ".grandmasterRef",
      },
      {
        rule: "(self.protocol == 'PTP') == has(self.domainNumber)",
        message: "domainNumber is required for protocol PTP and forbidden for NTP",
        fieldPath: ".domainNumber",
      },
      {
        rule: "self.protocol != 'PTP' || has(self.interface)",
        message: "interface is required for protocol PTP",
        fieldPath: ".interface",
      },
      { rule: "self.protocol != 'NTP' || has(self.address)", message: "address is required for protocol NTP", fieldPath: ".address" },
    ),
  },
);

const spec = Type.Object(
  {
    nodeName: text({ description: "Node; look objects up by this field, never by their name.", minLength: 1, maxLength: 253 }),
    domainRef: reference("TimeDomain that the node belongs to."),
    role: oneOf(roles, { description: "What the node does." }),
    roleReason: word("Why it has that role."),
    serves: Type.Optional(atomicList(serves, { description: "What it serves: at most eight PTP instances, and NTP once.", maxItems: 9 })),
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
    stratum: Type.Optional(int32({ description: "Stratum of the NTP server that is followed.", minimum: 1, maximum: 16 })),
    referenceID: Type.Optional(
      text({ description: "What that server follows itself: an IPv4 address or four characters, as it says.", maxLength: 15 }),
    ),
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
    conflicts: Type.Optional(
      atomicList(
        Type.Object(
          {
            process: text({ description: "The program, as the agent names it; empty: it could not be named.", maxLength: 128 }),
            clock: text({ description: "The clock that it steers, as in clocks.", maxLength: 63 }),
          },
          { description: "Another program that steers a clock of this node." },
        ),
        { description: "Who else steers a clock of this node.", maxItems: 4 },
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
