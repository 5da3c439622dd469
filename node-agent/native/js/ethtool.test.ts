import { afterAll, beforeAll, describe, expect } from "vitest";
import { nativeTest as it } from "./testing/built-native.js";
import { canMakeNamespaces, interfaceName, NamespacePair } from "./testing/namespace-pair.js";
import { NativeProcess } from "./testing/native-process.js";

describe.skipIf(!canMakeNamespaces)("a veth", () => {
  let pair: NamespacePair;
  let process: NativeProcess;
  beforeAll(() => {
    pair = new NamespacePair("ethtool");
    process = new NativeProcess(pair.left);
  });
  afterAll(async () => {
    await process.close();
    pair.remove();
  });

  it("stamps by software alone, and the kernel says so over netlink", async () => {
    expect(await process.ask("readCapabilities", { interfaceName })).toEqual({
      hardware: false,
      softwareTransmit: true,
      softwareReceive: true,
      phcIndex: -1,
      transmitTypes: 0,
      receiveFilters: 0,
      source: "Netlink",
    });
  });

  it("that is not there is no device", async () => {
    expect(await process.askForFailure("readCapabilities", { interfaceName: "mer9" })).toMatchObject({ code: "ENODEV" });
  });
});
