/** What other packages' tests need of the operator: an agent's end of the stream, and a hub without a cluster behind it. */
export { makeHubCertificates } from "../hub/certificates.js";
export { Fleet } from "../hub/fleet.js";
export { HubLeadership } from "../hub/hub-leadership.js";
export { startHubServer } from "../hub/hub-server.js";
export { FakeLeadership } from "./fake-leadership.js";
export { TestAgent } from "./test-agent.js";
