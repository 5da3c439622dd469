/** `@meridian/native/fake`: the native module for unit tests, on a machine whose time and troubles the test decides. */
export { FakeMachine } from "./fake-machine.js";
export { createFakeNative } from "./fake-native.js";
export { type Datagram, FakeNetwork } from "./fake-network.js";
export type { Endpoint, UnicastDatagram } from "./fake-unicast.js";
