/** All NTP associations of a node: which there are, their sockets, and who hears what. */
import { AssociationInstance } from "./association-instance.js";
import { associationNeeds, type AssociationState, AssociationTable } from "./association-table.js";
import type { EngineConfig } from "./engine-config.js";
import type { Action, AssociationId, HostEvent } from "./host.js";
import type { InstanceSink } from "./receiver-instance.js";
import { sameConfig } from "./same-config.js";
import type { Raw } from "./time/units.js";

type Of<Kind extends HostEvent["kind"]> = Extract<HostEvent, { kind: Kind }>;

export class Associations {
  readonly #table = new AssociationTable();
  #instances: readonly AssociationInstance[] = [];

  get instances(): readonly AssociationInstance[] {
    return this.#instances;
  }

  /** State of the sockets by name. */
  entries(): Iterable<[AssociationId, AssociationState]> {
    return this.#table.entries();
  }

  /** Desired state, live: what did not change keeps running with all it has learnt. */
  configure(config: EngineConfig, at: Raw, takeIndex: () => number, sink: InstanceSink, out: Action[]): void {
    const before = this.#instances;
    this.#instances = config.associations.map((wanted) => {
      const old = before.find(({ config: { source } }) => source === wanted.source);
      if (old && sameConfig(wanted, old.config) && old.clock === config.clock) return old;
      // Another address is another server: its labels may be others, too.
      const era = old && (old.config.address === wanted.address ? old.remoteEra : old.remoteEra + 1);
      return new AssociationInstance(wanted, config, takeIndex(), era);
    });
    this.#table.configure(associationNeeds(config), out);
    for (const instance of this.#instances) {
      const opened = this.#table.get(instance.id)?.opened;
      // Another priority needs no other socket.
      if (opened && !before.includes(instance)) instance.open(opened.address, opened.localAddress, at, sink);
    }
  }

  ready({ association, address, localAddress, at }: Of<"AssociationReady">, sink: InstanceSink): void {
    this.#table.ready(association, address, localAddress);
    if (this.#table.get(association)) this.#named(association)?.open(address, localAddress, at, sink);
  }

  lost({ association, code, at }: Of<"AssociationLost">, sink: InstanceSink): void {
    this.#named(association)?.close(at, sink);
    this.#table.lost(association, code, at);
  }

  receive({ association, bytes, stamp, at }: Of<"DatagramReceived">, era: number, sink: InstanceSink): void {
    const instance = this.#named(association);
    instance?.receive(bytes, stamp, at, era, sink);
    if (instance?.isAnswering) this.#table.answered(association);
  }

  /** The local clock jumped by an unknown amount. */
  disturb(at: Raw, sink: InstanceSink): void {
    for (const instance of this.#instances) instance.disturb(at, sink);
  }

  withIndex(index: number): AssociationInstance | undefined {
    return this.#instances.find((instance) => instance.index === index);
  }

  tick(at: Raw, random: () => number, sink: InstanceSink, out: Action[]): void {
    this.#table.retry(at, out);
    for (const instance of this.#instances) if (instance.tick(at, random, sink)) this.#table.reopen(instance.id, out);
  }

  deadline(): Raw {
    let earliest = this.#table.deadline();
    for (const instance of this.#instances) earliest = Math.min(earliest, instance.deadline());
    return earliest;
  }

  #named(association: AssociationId): AssociationInstance | undefined {
    return this.#instances.find(({ id }) => id === association);
  }
}
