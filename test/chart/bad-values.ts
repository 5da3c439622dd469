/** What a user may get wrong in values, and the path that the refusal has to name. */

export interface BadValue {
  /** As `--set` takes it. */
  readonly set: string;
  /** JSON pointer in Helm's message; for an unknown value, its name. */
  readonly named: string;
}

export const badValues: readonly BadValue[] = [
  { set: "operator.replicas=two", named: "/operator/replicas" },
  { set: "operator.replicas=0", named: "/operator/replicas" },
  { set: "operator.logLevel=chatty", named: "/operator/logLevel" },
  { set: "operator.reportIntervalSeconds=60", named: "/operator/reportIntervalSeconds" },
  { set: "operator.hubKey.lifetimeDays=0", named: "/operator/hubKey/lifetimeDays" },
  { set: "operator.image.digest=latest", named: "/operator/image/digest" },
  { set: "operator.image.name=mine", named: "'name'" },
  { set: "operator.resources.limits.memory=lots", named: "/operator/resources/limits/memory" },
  { set: "agent.mode=watch", named: "/agent/mode" },
  { set: "agent.priviledged=true", named: "'priviledged'" },
  { set: "agent.httpPort=99999", named: "/agent/httpPort" },
  { set: "agent.hostPaths.state=var/lib", named: "/agent/hostPaths/state" },
  { set: "agent.token.expirationSeconds=60", named: "/agent/token/expirationSeconds" },
  { set: "agent.updateStrategy.maxUnavailable=0%", named: "/agent/updateStrategy/maxUnavailable" },
  { set: "agent.resources.limits.cpu=1", named: "/agent/resources/limits" },
  { set: "agent.hubAddresses=nowhere", named: "/agent/hubAddresses" },
  { set: "profiles.firstInstall=Always", named: "/profiles/firstInstall" },
  { set: "crds.enabled=true", named: "'enabled'" },
  { set: "networkPolicy.apiServerPorts={https}", named: "/networkPolicy/apiServerPorts/0" },
  { set: "commonLabels.app\\.kubernetes\\.io/name=other", named: "app.kubernetes.io/name" },
  { set: "agents.mode=observe", named: "'agents'" },
];
