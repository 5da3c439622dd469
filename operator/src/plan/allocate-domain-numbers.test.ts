import { describe, expect, it } from "vitest";
import { allocateDomainNumbers, type NumberRequest } from "./allocate-domain-numbers.js";

function aRequest(key: string, request: Partial<NumberRequest> = {}): NumberRequest {
  return { key, first: 0, had: [], fixed: false, ...request };
}

function allocate(requests: readonly NumberRequest[], holders: [number, string][] = []) {
  return Object.fromEntries(allocateDomainNumbers(requests, new Map(holders)));
}

describe("allocating PTP domain numbers", () => {
  it("gives the lowest free number from the profile's upwards", () => {
    expect(allocate([aRequest("a", { first: 24 }), aRequest("b", { first: 24 })], [[25, "external"]])).toEqual({ a: 24, b: 26 });
  });

  it("goes on from 0 after 127", () => {
    expect(allocate([aRequest("a", { first: 127 }), aRequest("b", { first: 127 })])).toEqual({ a: 127, b: 0 });
  });

  it("lets nobody new take what another has, even if the new one comes first", () => {
    expect(allocate([aRequest("new"), aRequest("old", { had: [0] })])).toEqual({ new: 1, old: 0 });
  });

  it("renumbers an instance whose number an external grandmaster has now", () => {
    expect(allocate([aRequest("a", { had: [3] })], [[3, "external"]])).toEqual({ a: 0 });
  });

  it("lets an instance have a number that is reserved for it", () => {
    expect(allocate([aRequest("a", { had: [3] })], [[3, "a"]])).toEqual({ a: 3 });
  });

  it("leaves an instance without a number when its server cannot take another", () => {
    expect(allocate([aRequest("a", { had: [3], fixed: true })], [[3, "external"]])).toEqual({});
  });

  it("leaves the last without a number when all 128 are in use", () => {
    const requests = Array.from({ length: 129 }, (_, i) => aRequest(`r${i}`));
    const allocated = allocate(requests);
    expect(Object.keys(allocated)).toHaveLength(128);
    expect(allocated).not.toHaveProperty("r128");
  });
});
