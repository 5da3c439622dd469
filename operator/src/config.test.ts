import { describe, expect, it } from "vitest";
import { readOperatorConfig } from "./config.js";

describe("the operator's command line", () => {
  it("has defaults that fit the chart", () => {
    expect(readOperatorConfig([], "0")).toMatchObject({
      kubeconfig: null,
      namespace: "meridian-system",
      agentServiceAccount: "meridian-agent",
      hubAddress: "0.0.0.0:9463",
      httpAddress: "0.0.0.0:9462",
      reportIntervalMs: 10_000,
    });
  });

  it.each([
    ["--namespace", "Not_A_Name"],
    ["--agent-service-account", "-x"],
    ["--hub-address", "nowhere"],
    ["--hub-address", "host:99999"],
    ["--http-address", ":"],
    ["--report-interval", "0"],
    ["--report-interval", "NaN"],
    ["--report-interval", "31"],
    ["--hub-endpoint", "nowhere"],
    ["--hub-key-lifetime", "0"],
    ["--hub-key-overlap", "86401"],
    ["--log-level", "loud"],
    ["--unknown", "x"],
  ])("refuses %s %s and names the flag", (flag, value) => {
    expect(() => readOperatorConfig([flag, value], "0")).toThrow(
      expect.objectContaining({ code: "MER_OPERATOR_CONFIG", message: expect.stringContaining(flag) as string }) as Error,
    );
  });

  it.each([
    ["10.0.0.1:9463", "10.0.0.1:9463"],
    ["fd00::7:9463", "[fd00::7]:9463"],
    ["[fd00::7]:9463", "[fd00::7]:9463"],
    ["hub.example:9463", "hub.example:9463"],
  ])("takes the endpoint %s, of either family, as %s", (given, endpoint) => {
    expect(readOperatorConfig(["--hub-endpoint", given], "0").hubEndpoint).toBe(endpoint);
  });

  it("refuses arguments that belong to no flag", () => {
    expect(() => readOperatorConfig(["stray"], "0")).toThrow(expect.objectContaining({ code: "MER_OPERATOR_CONFIG" }) as Error);
  });
});
