/** ClockProfile: how packets and servos behave; of PTP numbers on top of a base, with the base's ranges. */
import { type Static, Type } from "typebox";
import { conditionList, maxReferableNameLength, objectName, observedGeneration, unseen } from "./shared-schemas.js";
import { type CelRule, int32, oneOf, rules, setList } from "./fields.js";
import { type OverridableNumber, overridableNumbers, ptpBaseNames, ptpBases, type Range } from "./profiles/bases.js";
import { defaultNtp, pollIntervalRange } from "./profiles/ntp.js";
import { defineResource } from "./resource.js";

/** What any base may allow, also one that is yet to come; each base narrows it. */
const bounds = {
  domainNumber: { minimum: 0, maximum: 127 },
  log2SyncInterval: { minimum: -7, maximum: 4 },
  log2AnnounceInterval: { minimum: -3, maximum: 4 },
  log2DelayRequestInterval: { minimum: -7, maximum: 5 },
  announceReceiptTimeout: { minimum: 2, maximum: 10 },
} as const satisfies Record<OverridableNumber, Range>;

/** One rule per number that some base narrows, so that the error names the field; generated, so that it cannot differ from the table. */
const baseRules: CelRule[] = overridableNumbers.flatMap((field) => {
  const allowed = ptpBaseNames.map((name) => {
    const { minimum, maximum }: Range = ptpBases[name][field];
    return { name, minimum, maximum };
  });
  const widest = bounds[field];
  if (allowed.every(({ minimum, maximum }) => minimum === widest.minimum && maximum === widest.maximum)) return [];
  const cases = allowed.map((a) => `(self.base == '${a.name}' && self.${field} >= ${a.minimum} && self.${field} <= ${a.maximum})`);
  return [
    {
      rule: `!has(self.${field}) || ${cases.join(" || ")}`,
      message: `out of the base's range: ${allowed.map((a) => `${a.name} ${a.minimum}..${a.maximum}`).join(", ")}`,
      fieldPath: `.${field}`,
    },
  ];
});

const ptp = Type.Object(
  {
    base: oneOf(ptpBaseNames, { description: "What is not set here comes from this profile." }),
    domainNumber: Type.Optional(
      int32({ description: "First PTP domain number that the planner allocates from; each source gets its own.", ...bounds.domainNumber }),
    ),
    log2SyncInterval: Type.Optional(int32({ description: "log2 of the Sync interval in seconds.", ...bounds.log2SyncInterval })),
    log2AnnounceInterval: Type.Optional(
      int32({ description: "log2 of the Announce interval in seconds.", ...bounds.log2AnnounceInterval }),
    ),
    log2DelayRequestInterval: Type.Optional(
      int32({ description: "log2 of the smallest Delay_Req interval in seconds.", ...bounds.log2DelayRequestInterval }),
    ),
    announceReceiptTimeout: Type.Optional(
      int32({
        description: "Announce intervals after which a silent timeTransmitter is given up.",
        ...bounds.announceReceiptTimeout,
      }),
    ),
    dscp: Type.Optional(int32({ description: "DSCP of PTP packets.", minimum: 0, maximum: 63 })),
  },
  { description: "PTP.", ...rules(...baseRules) },
);

const pollInterval = (description: string) => Type.Optional(int32({ description, ...pollIntervalRange }));

const ntp = Type.Object(
  {
    log2MinPollInterval: pollInterval(
      `log2 of the shortest interval in seconds at which a server is asked; absent: ${defaultNtp.log2MinPollInterval}, or log2MaxPollInterval if that is less.`,
    ),
    log2MaxPollInterval: pollInterval(
      `log2 of the longest interval in seconds at which a server is asked; absent: ${defaultNtp.log2MaxPollInterval}, or log2MinPollInterval if that is more.`,
    ),
    interleaved: Type.Optional(
      Type.Boolean({
        description:
          "Ask servers in the interleaved mode (RFC 9769), which those that know only the basic one answer as ever; absent: true.",
      }),
    ),
  },
  {
    description: "NTP.",
    ...rules({
      rule: "!has(self.log2MinPollInterval) || !has(self.log2MaxPollInterval) || self.log2MinPollInterval <= self.log2MaxPollInterval",
      message: "log2MinPollInterval exceeds log2MaxPollInterval",
      fieldPath: ".log2MinPollInterval",
    }),
  },
);

const servoDampings = ["Automatic", "Light", "Chain", "Telecom"] as const;
export type ServoDamping = (typeof servoDampings)[number];

const spec = Type.Object(
  {
    ptp: Type.Optional(ptp),
    ntp: Type.Optional(ntp),
    servo: Type.Optional(
      Type.Object(
        {
          maxSlewPartsPerBillion: Type.Optional(
            int32({
              description: "Largest rate at which an error is removed; the kernel takes no more than 500 ppm.",
              minimum: 1,
              maximum: 500_000,
            }),
          ),
          damping: Type.Optional(
            oneOf(servoDampings, {
              description:
                "How little a clock passes on more of its sources' swings than there is in them. Light: damping ratio 0.71, nearest to truth, for clocks that nobody follows. Chain: ratio 1.2, swings that are small beside the jitter grow by at most a tenth (0.8 dB), so that clocks which follow one another do not add up; costs a tenth of the accuracy. Telecom: ratio 5, by at most 1.2 % (0.1 dB); errors are half as large again. Larger swings pass with more. Automatic, and absent: Chain on a node that follows others and serves its clock by NTP or PTP, else Light.",
            }),
          ),
        },
        { description: "Steering." },
      ),
    ),
  },
  {
    description: "The profile.",
    ...rules({
      rule: "has(self.ptp) || has(self.ntp)",
      message: "ptp or ntp is required",
      fieldPath: ".ptp",
      reason: "FieldValueRequired",
    }),
  },
);

const status = Type.Object(
  {
    observedGeneration: Type.Optional(observedGeneration()),
    conditions: Type.Optional(conditionList()),
    usedBy: Type.Optional(setList(objectName("TimeDomain."), { description: "TimeDomains that use it.", maxItems: 16 })),
  },
  { description: "What was observed.", default: unseen },
);

export type ClockProfileSpec = Static<typeof spec>;
export type ClockProfileStatus = Static<typeof status>;

export const clockProfile = defineResource<ClockProfileSpec, ClockProfileStatus>({
  kind: "ClockProfile",
  plural: "clockprofiles",
  singular: "clockprofile",
  shortNames: ["cprof"],
  maxNameLength: maxReferableNameLength,
  description: "How packets and servos of a TimeDomain behave.",
  spec,
  status,
  columns: [
    { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: "Base", type: "string", jsonPath: ".spec.ptp.base" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
    { name: "Message", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
  ],
});
