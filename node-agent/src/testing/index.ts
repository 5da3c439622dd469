/** For labs: a hub that says what it is told to, and certificates for it. */
export { Authority } from "./certificates.js";
export { FakeHub, type HubStream } from "./fake-hub.js";
