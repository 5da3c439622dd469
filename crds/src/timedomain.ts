/** TimeDomain: the intent. Which nodes stay within which error of which sources. */
import { type Static, Type } from "typebox";
import {
  conditionList,
  interfaceName,
  labelKey,
  labelSelector,
  maxReferableNameLength,
  objectName,
  observedGeneration,
  unseen,
  reference,
} from "./shared-schemas.js";
import { atomicList, instant, int32, int64, mapList, oneOf, rules, setList, text, word } from "./fields.js";
import { forms } from "./forms.js";
import { defineResource } from "./resource.js";

const source = Type.Object(
  {
    name: objectName("Name of this source inside the domain; upstreams and metrics carry it."),
    grandmasterRef: reference("The Grandmaster that is this source."),
    priority: Type.Optional(int32({ description: "Higher wins among sources of the same use.", minimum: 0, maximum: 1000, default: 100 })),
    use: Type.Optional(
      oneOf(["Primary", "Fallback", "Watchdog"], {
        description: "Primary steers; Fallback steers when no Primary survives the vote; Watchdog votes and never steers.",
        default: "Primary",
      }),
    ),
    interfaces: Type.Optional(
      atomicList(interfaceName("Interface name."), {
        description:
          "Interfaces to reach a PTP source by; the first that exists on the node is used. Absent: the one with the node's InternalIP. An NTP server is reached by the node's routing: there they have no effect, and Accepted says so.",
        maxItems: 4,
        minItems: 1,
      }),
    ),
  },
  { description: "One source of time." },
);

const roleConstraint = Type.Object(
  {
    role: oneOf(["Grandmaster", "OrdinaryClock", "Observer"], {
      description:
        "The role these nodes must have: Grandmaster only for nodes that own a reference; an Observer measures and never steers.",
    }),
    nodeSelector: labelSelector("Nodes that the constraint is about."),
  },
  { description: "A demand on the plan; the first that matches a node counts." },
);

const serveNtp = Type.Object(
  {
    nodeSelector: Type.Optional(labelSelector("Members that serve; absent or {}: all. An Observer serves nothing.")),
    allowedCIDRs: setList(text({ description: "IPv4 network, as in 10.0.0.0/8.", maxLength: 18, pattern: forms.ipv4Network.pattern }), {
      description: "Networks whose clients are answered; others get no answer at all.",
      minItems: 1,
      maxItems: 32,
    }),
  },
  { description: "Members answer NTP clients on UDP port 123 with the time of their own clock." },
);

const spec = Type.Object(
  {
    priority: Type.Optional(
      int32({
        description: "Of two domains that select one node the higher priority gets it, then the older domain, then the lesser name.",
        minimum: -1000,
        maximum: 1000,
        default: 0,
      }),
    ),
    paused: Type.Optional(
      Type.Boolean({ description: "No new plan or configuration reaches the agents; status goes on.", default: false }),
    ),
    objective: Type.Object(
      {
        maxErrorNanoseconds: int64({
          description: "A member is synchronized while its clock is PhaseAligned and its error bound is at most this.",
          minimum: 1,
          maximum: 1_000_000_000_000,
        }),
        bound: Type.Optional(
          oneOf(["Calibrated", "Guaranteed"], {
            description: "Which bound is compared: the statistical one, or the one that assumes only a maximum drift and true stamps.",
            default: "Calibrated",
          }),
        ),
        minimumIndependentSources: Type.Optional(
          int32({ description: "Fewer healthy independent sources than this are reported.", minimum: 1, maximum: 8, default: 1 }),
        ),
      },
      { description: "How good the time has to be." },
    ),
    members: Type.Object(
      { nodeSelector: labelSelector("Nodes of the domain; {} selects all.") },
      { description: "Which nodes belong to the domain." },
    ),
    profileRef: Type.Optional(reference("ClockProfile; absent: base lan-e2e.")),
    sources: mapList(source, "name", { description: "Where time comes from.", minItems: 1, maxItems: 16 }),
    topology: Type.Optional(
      Type.Object(
        {
          redundancy: Type.Optional(
            int32({ description: "How many Primary sources each member follows at once.", minimum: 1, maximum: 4, default: 2 }),
          ),
          failureDomainKey: Type.Optional(
            labelKey("Node label by which redundant sources are spread.", { default: "topology.kubernetes.io/zone" }),
          ),
          roles: Type.Optional(atomicList(roleConstraint, { description: "Demands on the plan; the first match counts.", maxItems: 16 })),
        },
        { description: "How nodes are connected.", default: {} },
      ),
    ),
    hostTimeDaemon: Type.Optional(
      oneOf(["Refuse", "Observe"], {
        description:
          "What a member does whose clock another program steers (chronyd, systemd-timesyncd): Refuse to steer it and report Conflicted, or Observe: measure beside that program.",
        default: "Refuse",
      }),
    ),
    serve: Type.Optional(
      Type.Object(
        { ntp: Type.Optional(serveNtp) },
        { description: "What members serve to others than the domain's own nodes; absent: nothing." },
      ),
    ),
    stepping: Type.Optional(
      Type.Object(
        {
          mode: Type.Optional(
            oneOf(["OnStart", "Never", "AboveThreshold"], {
              description:
                "OnStart: at most one step, before the first lock. AboveThreshold: also later, when the error exceeds the threshold.",
              default: "OnStart",
            }),
          ),
          thresholdNanoseconds: Type.Optional(
            int64({ description: "Threshold of AboveThreshold.", minimum: 1000, maximum: 1_000_000_000_000, default: 10_000_000 }),
          ),
        },
        { description: "When a clock may jump.", default: {} },
      ),
    ),
  },
  {
    description: "The intent.",
    ...rules(
      {
        rule: "self.sources.exists(s, s.use != 'Watchdog')",
        message: "at least one source must not be a Watchdog: a Watchdog never steers",
        fieldPath: ".sources",
      },
      {
        rule: "self.objective.minimumIndependentSources <= size(self.sources)",
        message: "minimumIndependentSources exceeds the number of sources",
        fieldPath: ".objective.minimumIndependentSources",
      },
    ),
  },
);

const count = (description: string) => int32({ description, minimum: 0, maximum: 1_000_000 });

const status = Type.Object(
  {
    observedGeneration: Type.Optional(observedGeneration()),
    conditions: Type.Optional(conditionList()),
    nodes: Type.Optional(
      Type.Object(
        {
          desired: count("Members."),
          synchronized: count("PhaseAligned with a bound within the objective."),
          acquiring: count("Acquiring or FrequencyLocked."),
          holdover: count("Without a source, on their own oscillator."),
          freeRunning: count("Without a source and without a bound."),
          conflicted: count("Between sources that disagree, or whose clock another program steers."),
          unreachable: count("Whose agent is not connected."),
          claimedElsewhere: count("Selected here too, but members of another domain."),
        },
        { description: "Members by state." },
      ),
    ),
    healthySources: Type.Optional(count("Sources that the vote trusts.")),
    worst: Type.Optional(
      Type.Object(
        {
          nodeName: text({ description: "Member with the largest bound.", maxLength: 253 }),
          errorBoundNanoseconds: int64({ description: "Its bound.", minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
        },
        { description: "The member with the largest error bound." },
      ),
    ),
    sources: Type.Optional(
      mapList(
        Type.Object(
          {
            name: objectName("Name of the source."),
            state: word("State that most members see."),
            reason: word("Why it is in that state."),
            offsetFromConsensusNanoseconds: Type.Optional(
              int64({
                description: "Median of what members measure of it against their consensus.",
                minimum: Number.MIN_SAFE_INTEGER,
                maximum: Number.MAX_SAFE_INTEGER,
              }),
            ),
            usedByNodes: count("Members that follow it now."),
            stateTransitionTime: instant("When state last changed."),
          },
          { description: "One source as the members see it." },
        ),
        "name",
        { description: "The continuous comparison of all sources.", maxItems: 16 },
      ),
    ),
  },
  { description: "What was observed.", default: unseen },
);

export type TimeDomainSpec = Static<typeof spec>;
export type TimeDomainStatus = Static<typeof status>;

export const timeDomain = defineResource<TimeDomainSpec, TimeDomainStatus>({
  kind: "TimeDomain",
  plural: "timedomains",
  singular: "timedomain",
  shortNames: ["td"],
  maxNameLength: maxReferableNameLength,
  description: "Keeps a set of nodes within a stated error of a set of sources.",
  spec,
  status,
  columns: [
    { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: "Synced", type: "integer", jsonPath: ".status.nodes.synchronized" },
    { name: "Nodes", type: "integer", jsonPath: ".status.nodes.desired" },
    { name: "Worst-Bound-ns", type: "integer", jsonPath: ".status.worst.errorBoundNanoseconds" },
    { name: "Sources", type: "integer", jsonPath: ".status.healthySources" },
    { name: "Profile", type: "string", jsonPath: ".spec.profileRef.name" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
    { name: "Objective-ns", type: "integer", jsonPath: ".spec.objective.maxErrorNanoseconds", priority: 1 },
    { name: "Message", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
  ],
});
