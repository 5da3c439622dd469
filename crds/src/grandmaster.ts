/** Grandmaster: one clock that is a source of time: a reference that a node owns, or one that others run. */
import { type Static, Type } from "typebox";
import {
  clockIdentity,
  conditionList,
  ipv4Address,
  maxReferableNameLength,
  objectName,
  observedGeneration,
  unseen,
} from "./shared-schemas.js";
import { int32, int64, oneOf, rules, setList, text, word } from "./fields.js";
import { forms } from "./forms.js";
import { defineResource } from "./resource.js";

const node = Type.Object(
  {
    nodeName: text({ description: "Node that owns the reference.", minLength: 1, maxLength: 253 }),
    reference: Type.Object(
      {
        type: oneOf(["PHC", "SystemClock", "FreeRunning"], {
          description:
            "PHC: a hardware clock that something else keeps true; SystemClock: the node's clock is vouched for; FreeRunning: nobody vouches.",
        }),
        phc: Type.Optional(
          Type.Object(
            { device: text({ description: "Device of the hardware clock.", maxLength: 12, pattern: "^/dev/ptp[0-9]{1,3}$" }) },
            { description: "Which hardware clock." },
          ),
        ),
      },
      {
        description: "The reference.",
        ...rules({
          rule: "(self.type == 'PHC') == has(self.phc)",
          message: "phc is required for type PHC and forbidden for the others",
          fieldPath: ".phc",
        }),
      },
    ),
  },
  { description: "A reference that a node of this cluster owns." },
);

const externalPTP = Type.Object(
  {
    addresses: Type.Optional(
      setList(ipv4Address("IPv4 address."), {
        description: "Addresses it may send from; messages of others are dropped.",
        minItems: 1,
        maxItems: 4,
      }),
    ),
    domainNumber: int32({ description: "Its PTP domain.", minimum: 0, maximum: 127 }),
    clockIdentity: Type.Optional(clockIdentity("Its clockIdentity, as pmc prints it; messages of others are dropped.")),
    arbitraryTimescale: Type.Optional(
      oneOf(["Refuse", "UTC"], {
        description:
          "What a source that announces no PTP timescale serves: Refuse it, or take its time for UTC (ptp4l with software stamps).",
        default: "Refuse",
      }),
    ),
  },
  {
    description: "A PTP grandmaster that others run.",
    ...rules({
      rule: "has(self.addresses) || has(self.clockIdentity)",
      message: "addresses or clockIdentity is required, else anyone on the network would be trusted",
    }),
  },
);

const externalNTP = Type.Object(
  {
    address: text({
      description: "Its address, or the DNS name that each node resolves by itself.",
      maxLength: 253,
      pattern: forms.host.pattern,
    }),
    port: Type.Optional(int32({ description: "Its UDP port.", minimum: 1, maximum: 65_535, default: 123 })),
    leapSmear: Type.Optional(
      Type.Boolean({
        description: "It spreads a leap second over hours, so that it is up to a second off UTC then: never beside a source that does not.",
        default: false,
      }),
    ),
  },
  { description: "An NTP server that others run; every node asks it by itself, by the way that its routing decides." },
);

const spec = Type.Object(
  {
    type: oneOf(["Node", "ExternalPTP", "ExternalNTP"], { description: "What kind of source it is; immutable." }),
    node: Type.Optional(node),
    externalPTP: Type.Optional(externalPTP),
    externalNTP: Type.Optional(externalNTP),
    announce: Type.Optional(
      Type.Object(
        {
          priority1: Type.Optional(
            int32({ description: "IEEE 1588 priority1: a wire field, lower wins.", minimum: 0, maximum: 255, default: 128 }),
          ),
          priority2: Type.Optional(
            int32({ description: "IEEE 1588 priority2: a wire field, lower wins.", minimum: 0, maximum: 255, default: 128 }),
          ),
        },
        { description: "What a Node announces beside what follows from its bound." },
      ),
    ),
    calibration: Type.Optional(
      Type.Object(
        {
          delayCompensationNanoseconds: Type.Optional(
            int64({
              description: "Positive: the signal reaches the stamp point that much late; offset = local − (label + compensation).",
              minimum: -1_000_000_000,
              maximum: 1_000_000_000,
              default: 0,
            }),
          ),
          uncertaintyNanoseconds: Type.Optional(
            int64({
              description: "Its largest error, for which you vouch; part of every bound that rests on it.",
              minimum: 1,
              maximum: 1_000_000_000,
            }),
          ),
        },
        { description: "What is known about the source's error." },
      ),
    ),
    independenceGroup: Type.Optional(
      objectName(
        "Sources of one group (one antenna, one upstream) count once in the vote; absent: the device or the address itself is the group.",
      ),
    ),
  },
  {
    description: "The source.",
    ...rules(
      {
        rule: "(self.type == 'Node') == has(self.node)",
        message: "node is required for type Node and forbidden for the others",
        fieldPath: ".node",
      },
      {
        rule: "(self.type == 'ExternalPTP') == has(self.externalPTP)",
        message: "externalPTP is required for type ExternalPTP and forbidden for the others",
        fieldPath: ".externalPTP",
      },
      {
        rule: "(self.type == 'ExternalNTP') == has(self.externalNTP)",
        message: "externalNTP is required for type ExternalNTP and forbidden for the others",
        fieldPath: ".externalNTP",
      },
      { rule: "self.type == oldSelf.type", message: "type is immutable: create another Grandmaster", fieldPath: ".type" },
      { rule: "self.type == 'Node' || !has(self.announce)", message: "announce is for type Node only", fieldPath: ".announce" },
      {
        rule: "self.type != 'Node' || (has(self.calibration) && has(self.calibration.uncertaintyNanoseconds))",
        message: "calibration.uncertaintyNanoseconds is required for type Node: the members' bounds rest on it",
        fieldPath: ".calibration",
      },
    ),
  },
);

const status = Type.Object(
  {
    observedGeneration: Type.Optional(observedGeneration()),
    conditions: Type.Optional(conditionList()),
    state: Type.Optional(word("State that members see.")),
    nodeName: Type.Optional(text({ description: "Node that serves it.", maxLength: 253 })),
    clockIdentity: Type.Optional(clockIdentity("Identity that members see.")),
    clockClass: Type.Optional(int32({ description: "clockClass that members see.", minimum: 0, maximum: 255 })),
    stratum: Type.Optional(int32({ description: "Stratum that most members see of an NTP server.", minimum: 1, maximum: 16 })),
    currentUtcOffsetSeconds: Type.Optional(int32({ description: "TAI − UTC that it announces.", minimum: -32768, maximum: 32767 })),
    domains: Type.Optional(setList(objectName("TimeDomain."), { description: "TimeDomains that use it.", maxItems: 16 })),
  },
  { description: "What was observed.", default: unseen },
);

export type GrandmasterSpec = Static<typeof spec>;
export type GrandmasterStatus = Static<typeof status>;

export const grandmaster = defineResource<GrandmasterSpec, GrandmasterStatus>({
  kind: "Grandmaster",
  plural: "grandmasters",
  singular: "grandmaster",
  shortNames: ["gm"],
  maxNameLength: maxReferableNameLength,
  description: "A clock that is a source of time.",
  spec,
  status,
  columns: [
    { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: "Type", type: "string", jsonPath: ".spec.type" },
    { name: "Node", type: "string", jsonPath: ".status.nodeName" },
    { name: "State", type: "string", jsonPath: ".status.state" },
    { name: "Class", type: "integer", jsonPath: ".status.clockClass" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
    { name: "Identity", type: "string", jsonPath: ".status.clockIdentity", priority: 1 },
    { name: "Message", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
  ],
});
