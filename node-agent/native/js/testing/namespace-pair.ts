/** Two network namespaces joined by a veth pair: `left` with 10.77.0.1 on `mer0`, `right` with 10.77.0.2 on `mer0`. Needs root. */
import { execFileSync } from "node:child_process";

export const canMakeNamespaces = process.getuid?.() === 0;
export const interfaceName = "mer0";

const ip = (...words: string[]): void => {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
};

export class NamespacePair {
  readonly left: string;
  readonly right: string;

  constructor(name: string) {
    const prefix = `mer-${name}-${process.pid}`;
    this.left = `${prefix}-l`;
    this.right = `${prefix}-r`;
    ip("netns", "add", this.left);
    ip("netns", "add", this.right);
    ip("-n", this.left, "link", "add", interfaceName, "type", "veth", "peer", "name", interfaceName, "netns", this.right);
    for (const [index, namespace] of [this.left, this.right].entries()) {
      ip("-n", namespace, "address", "add", `10.77.0.${index + 1}/24`, "dev", interfaceName);
      ip("-n", namespace, "link", "set", interfaceName, "up");
      ip("-n", namespace, "link", "set", "lo", "up");
    }
  }

  /** Removes the interface: a veth goes together with its peer. */
  removeInterface(): void {
    ip("-n", this.left, "link", "delete", interfaceName);
  }

  setUp(namespace: string, up: boolean): void {
    ip("-n", namespace, "link", "set", interfaceName, up ? "up" : "down");
  }

  remove(): void {
    for (const namespace of [this.left, this.right]) ip("netns", "delete", namespace);
  }
}
