/** Asks the agent that runs on this node for its document. */
import { get } from "node:http";
import { agentError, codeOf, messageOf } from "../errors.js";
import type { AgentStatus } from "../status/agent-status.js";

const patienceMs = 5_000;
/** An agent with all that the hub may give it says some 20 KB. */
const mostBytes = 1 << 20;

/** @throws MER_AGENT_SOCKET naming the socket and what helps */
export async function askAgent(socketFile: string): Promise<AgentStatus> {
  try {
    return readStatus(await request(socketFile));
  } catch (error) {
    throw agentError("MER_AGENT_SOCKET", `no agent at ${socketFile}: ${messageOf(error)}\n${remedyFor(codeOf(error, ""))}`, error);
  }
}

function remedyFor(code: string): string {
  switch (code) {
    case "EACCES":
    case "EPERM":
      return "Run this as root, or as a member of the socket's group.";
    case "ENOENT":
    case "ECONNREFUSED":
      return "Is the agent running on this node, and with the same --socket (or MERIDIAN_SOCKET)? In a cluster run this inside its pod.";
    default:
      return "If it repeats, look at the agent's log.";
  }
}

function request(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = get({ socketPath, path: "/v1/status", agent: false, signal: AbortSignal.timeout(patienceMs) }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("error", reject);
      response.on("data", (part: string) => {
        text += part;
        if (text.length > mostBytes) asked.destroy(new Error("the answer has no end"));
      });
      response.on("end", () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`it answers with status ${response.statusCode}`)),
      );
    });
    asked.on("error", (error) =>
      reject(
        error.name === "AbortError" || error.name === "TimeoutError" ? new Error(`it does not answer within ${patienceMs / 1e3} s`) : error,
      ),
    );
  });
}

/** As much as tells an agent's answer from another's: both ends come out of one file. */
function readStatus(text: string): AgentStatus {
  const value: unknown = JSON.parse(text);
  const known = typeof value === "object" && value !== null && "clock" in value && "sources" in value && Array.isArray(value.sources);
  if (!known) throw new Error("what answers there is no agent of this version");
  return value as AgentStatus;
}
