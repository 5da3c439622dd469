/** What the agent shows the hub and what it expects of it: the projected token, and the CA. Both files are replaced while we run. */
import { readFileSync, statSync } from "node:fs";
import { createSecureContext, type SecureContext } from "node:tls";
import { type AgentErrorCode, agentError, messageOf } from "../errors.js";

/** Tokens and certificates are a few kB. */
const largestFile = 65_536;

/** @throws MER_AGENT_TOKEN */
export function readToken(file: string): string {
  const token = readFile(file, "MER_AGENT_TOKEN").toString("utf8").trim();
  // It becomes an HTTP header.
  if (!/^[\x21-\x7e]+$/.test(token)) throw agentError("MER_AGENT_TOKEN", `${file} holds no token`);
  return token;
}

/** Trusts this CA and nobody else. @throws MER_AGENT_HUB_CA */
export function readHubAuthority(file: string): SecureContext {
  const ca = readFile(file, "MER_AGENT_HUB_CA");
  if (!ca.includes("-----BEGIN CERTIFICATE-----")) throw agentError("MER_AGENT_HUB_CA", `${file} holds no certificate`);
  try {
    return createSecureContext({ ca, minVersion: "TLSv1.3" });
  } catch (error) {
    throw agentError("MER_AGENT_HUB_CA", `${file} holds no certificate: ${messageOf(error)}`, error);
  }
}

/** Changes when the kubelet swaps a projected file. @throws an errno error when it is not there */
export function stampOf(file: string): string {
  const { ino, mtimeMs } = statSync(file);
  return `${ino} ${mtimeMs}`;
}

function readFile(file: string, code: AgentErrorCode): Buffer {
  try {
    const { size } = statSync(file);
    if (size > largestFile) throw new Error(`it has ${size} bytes, ${largestFile} at most`);
    return readFileSync(file);
  } catch (error) {
    throw agentError(code, `cannot read ${file}: ${messageOf(error)}`, error);
  }
}
