-- Health of TimeDomain, Grandmaster, ClockProfile and NodeClock for Argo CD; docs/guides/gitops.md says where it goes.
-- The same reading of the conditions as kstatus (Flux, helm --wait), with two words more that Argo CD has: a domain that is
-- paused is Suspended, and one whose nodes have lost time, with none of them on its way back, is Degraded.
local health = { status = "Progressing", message = "waiting for the operator" }
local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
if status.observedGeneration ~= nil and obj.metadata.generation ~= nil
    and status.observedGeneration < obj.metadata.generation then
  health.message = "the operator has not seen the last change yet"
  return health
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local function holds(type)
  return conditions[type] ~= nil and conditions[type].status == "True"
end
local function say(word, condition)
  return { status = word, message = condition.message or condition.reason or "" }
end

if holds("Stalled") then
  return say("Degraded", conditions.Stalled)
end
if holds("Reconciling") then
  return say("Progressing", conditions.Reconciling)
end
if obj.kind == "TimeDomain" and obj.spec ~= nil and obj.spec.paused == true then
  return { status = "Suspended", message = "paused: no new plan reaches the nodes" }
end
-- One per node: whether that node is in time is what its object is about.
local ready = conditions.Ready or conditions.Synchronized
if ready == nil then
  return health
end
if ready.status == "True" then
  return say("Healthy", ready)
end
if ready.status == "False" and ready.reason ~= "WaitingForAgents" then
  local nodes = status.nodes or {}
  local onTheWay = (nodes.acquiring or 0) > 0 or ready.reason == "Acquiring"
  if not onTheWay then
    return say("Degraded", ready)
  end
end
return say("Progressing", ready)
