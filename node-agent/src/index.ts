/** What other packages may use of the agent: its errors for the reference, its configuration reader for tests. */
export { agentErrorRegistry } from "./errors.js";
export { readAgentConfig } from "./config.js";
export { writeStateFile } from "./state/atomic-file.js";
