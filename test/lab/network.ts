/**
 * The lab's network: one bridge, one network namespace and one veth pair per node. `eth0` of every node is a port of the same
 * switch, so PTP multicast reaches everybody, as in a rack.
 */
import { runIp } from "./private-namespace.js";

const bridge = "switch0";
/** Where the operator listens: the bridge's own address. */
export const switchAddress = "10.77.0.1";
const firstHost = 11;

export interface LabNode {
  readonly name: string;
  readonly address: string;
}

export class LabNetwork {
  readonly #nodes = new Map<string, LabNode>();

  readonly #ip: (args: readonly string[]) => void;

  /** Makes the bridge. @param ip runs `ip` in the lab's namespace; by default we are in it. @throws MER_LAB_COMMAND_FAILED */
  constructor(ip: (args: readonly string[]) => void = runIp) {
    this.#ip = ip;
    this.#ip(["link", "add", bridge, "type", "bridge", "mcast_snooping", "0", "forward_delay", "0"]);
    this.#ip(["address", "add", `${switchAddress}/24`, "dev", bridge]);
    this.#ip(["link", "set", bridge, "up"]);
  }

  /** Adds a namespace `name` with an `eth0` of its own. */
  addNode(name: string): LabNode {
    const node = { name, address: `10.77.0.${String(firstHost + this.#nodes.size)}` };
    this.#nodes.set(name, node);
    this.#ip(["netns", "add", name]);
    this.#ip(["-n", name, "link", "set", "lo", "up"]);
    this.#connect(node);
    return node;
  }

  /** Pulls a node's cable, or plugs it in. */
  setCable(name: string, connected: boolean): void {
    this.#ip(["link", "set", this.portOf(name), connected ? "up" : "down"]);
  }

  /** Takes a node's `eth0` away, as when its driver is unloaded. */
  removeInterface(name: string): void {
    this.#ip(["link", "delete", this.portOf(name)]);
  }

  /** Gives it an `eth0` again, with the address that it had. */
  restoreInterface(name: string): void {
    const node = this.#nodes.get(name);
    if (node) this.#connect(node);
  }

  /** IPv4. */
  addressOf(name: string): string {
    return this.#nodes.get(name)?.address ?? "";
  }

  /** Of the switch, on the other end of a node's cable. */
  portOf(name: string): string {
    return `port${String([...this.#nodes.keys()].indexOf(name))}`;
  }

  #connect({ name, address }: LabNode): void {
    const port = this.portOf(name);
    this.#ip(["link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name]);
    this.#ip(["link", "set", port, "master", bridge, "up"]);
    this.#ip(["-n", name, "address", "add", `${address}/24`, "dev", "eth0"]);
    this.#ip(["-n", name, "link", "set", "eth0", "up"]);
  }
}

/** The command that runs `program` inside a node, as program and arguments. It replaces itself, so that the pid is the program's. */
export function insideNode(node: string, program: string, args: readonly string[]): { program: string; args: string[] } {
  return { program: "nsenter", args: [`--net=/run/netns/${node}`, "--", program, ...args] };
}

/** As insideNode, without the right to touch the machine's clock: for other people's daemons. */
export function insideNodeWithoutClock(node: string, program: string, args: readonly string[]): { program: string; args: string[] } {
  return insideNode(node, "setpriv", ["--bounding-set=-sys_time", "--inh-caps=-sys_time", program, ...args]);
}
