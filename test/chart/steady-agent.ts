/** An agent that does what it is told and is in time at once: for tests of what a cluster makes of it, not of clocks. */
import { TestAgent } from "@meridian/operator/testing";
import type { HubMessage } from "@meridian/proto";

export interface SteadyAgentOptions {
  /** host:port. */
  readonly address: string;
  /** PEM. */
  readonly authority: string;
  readonly token: string;
  readonly node: string;
  /** Of the node's only interface. */
  readonly nodeAddress: string;
}

export class SteadyAgent {
  readonly #agent: TestAgent;
  #sequence = 0;

  private constructor(agent: TestAgent) {
    this.#agent = agent;
    agent.onMessage((message) => this.#obey(message));
  }

  static connect({ address, authority, node, nodeAddress, token }: SteadyAgentOptions): SteadyAgent {
    const capabilities = {
      interfaces: [{ name: "eth0", addresses: [nodeAddress], timestamping: "Software", phcIndex: -1 }],
      clocks: [{ name: "system", type: "System", device: "realtime:" }],
      canSteer: true,
    };
    return new SteadyAgent(
      TestAgent.connect({ address, authority, token, hello: { nodeName: node, bootId: "b", instanceId: node, capabilities } }),
    );
  }

  /** Whether the hub has told it to stop steering. */
  get released(): boolean {
    return this.#agent.received.some(({ release }) => release != null);
  }

  leave(): void {
    this.#agent.leave();
  }

  #obey({ config: order }: HubMessage): void {
    if (!order?.config) return;
    this.#agent.send({ applied: { revision: order.revision ?? "", parts: [{ part: "clock", ok: true }] } });
    this.#sequence += 1;
    const receivers = order.config.receivers ?? [];
    this.#agent.send({
      report: {
        sequence: this.#sequence,
        state: "PhaseAligned",
        stateReason: "Locked",
        selectedUpstream: receivers[0]?.source ?? "",
        calibrated: { nanoseconds: 4_000 },
        guaranteed: { nanoseconds: 40_000 },
        sources: receivers.map(({ source }) => ({
          name: source ?? "",
          state: "Healthy",
          reason: "Agrees",
          clockClass: 6,
          grandmasterIdentity: "020000.fffe.000001",
        })),
      },
    });
  }
}
