/**
 * Every condition that the operator writes and every reason that it gives: closed sets, part of the API. A reason is never
 * renamed; a new one may come with a new release. The reference's tables and the operator's types are made from this.
 */
export const conditionReasons = {
  TimeDomain: {
    Ready: {
      Ready: "Accepted, planned, acknowledged by every connected agent, and three quarters of the nodes are in time.",
      Paused: "The same, and `spec.paused` holds new plans back.",
      WaitingForAgents: "Connected agents have not confirmed their configuration yet.",
      NotSynchronized: "Fewer than three quarters of the nodes are in time.",
      ProfileNotFound: "As for Accepted.",
      GrandmasterNotFound: "As for Accepted.",
      NodeNotMember: "As for Accepted.",
      NoMember: "As for Accepted.",
      NoSource: "As for Accepted.",
      InterfaceNotFound: "As for Accepted.",
      LeapSmearMixed: "As for Accepted.",
    },
    Accepted: {
      Accepted: "The intent can be planned; the message names sources and roles that cannot be had now.",
      ProfileNotFound: "`spec.profileRef` names no ClockProfile, or one whose numbers do not hold.",
      GrandmasterNotFound: "A source names no Grandmaster.",
      NodeNotMember: "Every source belongs to a node that is no member.",
      NoMember: "No node is selected, or other domains have them all.",
      NoSource: "No source can be used for steering.",
      InterfaceNotFound: "The interfaces that a source names exist on no member.",
      LeapSmearMixed: "Some sources smear leap seconds and others do not.",
    },
    Synchronized: {
      AllWithinObjective: "Every node's bound is within the objective.",
      BoundExceedsObjective: "Some nodes' bounds are larger.",
      OtherDaemonSteers: "Another program steers the clock of some nodes; the message names it and what to do.",
      NoSource: "Some nodes follow no source.",
      AgentsUnreachable: "Of some nodes nothing is known.",
      NoMember: "There is no node to speak of.",
    },
    SourcesRedundant: {
      Redundant: "At least `minimumIndependentSources` groups of sources are healthy.",
      TooFewIndependentSources: "Fewer are.",
      SourcesDisagree: "At least one source is contradicted by the others.",
    },
    ObjectiveFeasible: {
      Feasible: "The paths that are planned can meet the objective.",
      BudgetExceedsObjective: "The best that a path can promise is worse than the objective; the message says how much.",
      NotPlanned: "Nothing is planned to judge.",
    },
    MembersExclusive: {
      Exclusive: "No node is claimed by another domain of the same priority.",
      Overlap: "Some are; the older domain has them.",
    },
    Reconciling: {
      WaitingForAgents: "As for Ready. Absent when nothing is on its way.",
      ProfileNotFound: "As for Accepted, for less than 60 s.",
      GrandmasterNotFound: "As for Accepted, for less than 60 s.",
      NodeNotMember: "As for Accepted, for less than 60 s.",
      NoMember: "As for Accepted, for less than 60 s.",
      NoSource: "As for Accepted, for less than 60 s.",
      InterfaceNotFound: "As for Accepted, for less than 60 s.",
      LeapSmearMixed: "As for Accepted, for less than 60 s.",
    },
    Stalled: {
      ProfileNotFound: "As for Accepted, for longer. Absent when normal.",
      GrandmasterNotFound: "As for Accepted, for longer.",
      NodeNotMember: "As for Accepted, for longer.",
      NoMember: "As for Accepted, for longer.",
      NoSource: "As for Accepted, for longer.",
      InterfaceNotFound: "As for Accepted, for longer.",
      LeapSmearMixed: "As for Accepted, for longer.",
    },
  },
  Grandmaster: {
    Ready: {
      Healthy: "The nodes that measure it find it healthy.",
      NotUsed: "It is described well, and no TimeDomain uses it.",
      NodeNotFound: "As for Accepted.",
      DeviceNotFound: "As for Accepted.",
      UnexpectedIdentity: "As for Accepted.",
      NoAnswer: "As for Reachable.",
      PartlyReachable: "As for Reachable.",
      NotMeasured: "No member measures it yet.",
      Falseticker: "As for Healthy.",
      Holdover: "As for Healthy.",
      Unsynchronized: "As for Healthy.",
      UtcOffsetDisputed: "As for Healthy.",
    },
    Accepted: {
      Accepted: "The source is as described.",
      NodeNotFound: "There is no such Node.",
      DeviceNotFound: "The node's agent has no such clock.",
      UnexpectedIdentity: "Another clockIdentity answers than the one that is described.",
    },
    Reachable: {
      Reachable: "Every node that measures it gets answers.",
      PartlyReachable: "Some do not.",
      NoAnswer: "None does.",
      NotUsed: "No TimeDomain uses it.",
      NotMeasured: "No member measures it yet.",
    },
    Healthy: {
      Healthy: "Most nodes find it healthy.",
      Falseticker: "Most find it wrong.",
      Holdover: "Its node has lost the reference and runs on what was learnt of it.",
      Unsynchronized: "It does not serve true time.",
      UtcOffsetDisputed: "Its UTC offset is contradicted.",
      NotMeasured: "Nobody has measured it for long enough.",
    },
  },
  ClockProfile: {
    Ready: {
      Accepted: "Every number is in its base's range.",
      OutOfRange: "One is not; the message names the field and the range.",
    },
    Accepted: { Accepted: "As for Ready.", OutOfRange: "As for Ready." },
  },
  NodeClock: {
    Synchronized: {
      WithinObjective: "The bound is within the domain's objective.",
      BoundExceedsObjective: "It is larger, or void.",
      Acquiring: "The clock is being brought to its source.",
      Holdover: "No source answers; the clock runs on what was learnt of it.",
      NoSource: "No source is followed.",
      SourcesDisagree: "The sources disagree, and no majority says which is wrong.",
      OtherDaemonSteers: "Another program steers the clock, and this one does not.",
      AgentDisconnected: "Nothing is known of the clock.",
      DomainNotFound: "Its TimeDomain does not exist any more.",
    },
    AgentConnected: {
      Connected: "The agent's stream stands, or broke less than 30 s ago.",
      Disconnected: "It has been gone for longer.",
      Waiting: "The operator has just started, and the agent has not come to it yet.",
    },
    ConfigApplied: {
      Applied: "Every part of the configuration runs.",
      PartRejected: "The agent refused a part; the message says which and why.",
      PortInUse: "Another process has the port; the message names it.",
      OtherDaemonSteers: "Another program steers the clock, so that the part `clock` does not run; see Conflicted.",
      NoCapability: "The agent may not steer the clock, or not use the port, or its version has no NTP.",
      Pending: "The agent has not confirmed its configuration.",
    },
    Conflicted: {
      None: "Nobody else steers the clock.",
      OtherDaemonSteers: "Another program does; the message names it and what to do.",
      Observed: "Another program does, and the agent only measures beside it, as `hostTimeDaemon` or its role says.",
      AgentDisconnected: "Nothing is known of the clock.",
    },
  },
} as const;

export type ConditionKind = keyof typeof conditionReasons;
export type ConditionType<Kind extends ConditionKind> = keyof (typeof conditionReasons)[Kind] & string;
/** One condition of this kind of object with a reason that belongs to it. */
export type ConditionOf<Kind extends ConditionKind> = {
  [Type in ConditionType<Kind>]: { readonly type: Type; readonly reason: keyof (typeof conditionReasons)[Kind][Type] & string };
}[ConditionType<Kind>];
