/** Kinds of the API time.meridian.io: types, manifests, profiles and validation from one definition. */
export { clockProfile, type ClockProfileSpec, type ClockProfileStatus } from "./clockprofile.js";
export { type ConditionKind, type ConditionOf, conditionReasons } from "./condition-reasons.js";
export type { Condition, LabelSelector } from "./shared-schemas.js";
export { grandmaster, type GrandmasterSpec, type GrandmasterStatus } from "./grandmaster.js";
export { allResources } from "./kinds.js";
export { schemaRevision, schemaRevisionAnnotation } from "./manifest/custom-resource-definition.js";
export { type GeneratedFile, generatedFiles } from "./manifest/generated-files.js";
export { type StructuralSchema, toStructural, walkFields, walkRules } from "./manifest/structural.js";
export {
  nodeClock,
  type NodeClockServes,
  type NodeClockSpec,
  type NodeClockStatus,
  type NodeClockUpstream,
  type Role,
  roles,
} from "./nodeclock.js";
export { defaultPtpBase, overridableNumbers, type PtpBase, type PtpBaseName, ptpBaseNames, ptpBases } from "./profiles/bases.js";
export { defaultNtp, type ResolvedNtp } from "./profiles/ntp.js";
export { defaultMaxSlewPartsPerBillion, type ProfileResolution, type ResolvedProfile, resolveProfile } from "./profiles/resolve.js";
export { group, type Resource, type ResourceDefinition, version } from "./resource.js";
export { timeDomain, type TimeDomainSpec, type TimeDomainStatus } from "./timedomain.js";
export { type FieldError, validateObject } from "./validate.js";
