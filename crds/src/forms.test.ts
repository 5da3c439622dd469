import { describe, expect, it } from "vitest";
import { forms } from "./forms.js";

const fits = (form: keyof typeof forms, text: string): boolean => new RegExp(forms[form].pattern).test(text);

describe("the form of", () => {
  it.each([
    ["192.0.2.123", true],
    ["0.0.0.0", true],
    ["time.example.com", true],
    ["0.pool.example.org", true],
    ["ntp", true],
    ["a", true],
    ["xn--mnchen-3ya.example", true],
    [`${"a".repeat(63)}.example`, true],
    [`${"a".repeat(64)}.example`, false],
    ["192.0.2.256", false],
    ["192.0.2", false],
    ["192.0.2.1:123", false],
    ["2001:db8::1", false],
    ["Time.example.com", false],
    ["time..example.com", false],
    ["time.example.com.", false],
    ["-time.example.com", false],
    ["time-.example.com", false],
    ["ntp_server", false],
    ["ntp://time.example.com", false],
    ["", false],
  ])("a host takes %j: %s", (text, taken) => {
    expect(fits("host", text)).toBe(taken);
  });

  it.each([
    ["10.0.0.0/8", true],
    ["0.0.0.0/0", true],
    ["192.0.2.1/32", true],
    ["192.0.2.1", false],
    ["192.0.2.0/33", false],
    ["192.0.2.0/08", false],
    ["256.0.0.0/8", false],
    ["2001:db8::/32", false],
  ])("a network takes %j: %s", (text, taken) => {
    expect(fits("ipv4Network", text)).toBe(taken);
  });
});
