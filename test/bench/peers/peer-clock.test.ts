import type { Measurement } from "@meridian/engine";
import { configureEnsemble } from "@meridian/engine/sim";
import { expect, test } from "vitest";
import { PeerClock } from "./peer-clock.js";

const config = { ...configureEnsemble({ duration: 1, offset: 0, oscillator: { frequency: 0, wander: 0 }, links: [] }), maxSlew: 1000 };

/** Slews once. */
class Slewing extends PeerClock {
  readonly seen: number[] = [];
  protected override take(_measurement: Measurement, raw: number): void {
    this.seen.push(this.steeringAt(raw));
    if (this.seen.length === 1) this.steer(300, 2000, raw + 2);
  }
}

test("a peer obeys the limit of everybody, and knows what its slew did while it was on and after its end", () => {
  const peer = new Slewing(config, 10);
  const packetAt = (raw: number) => {
    peer.observe({} as Measurement);
    return peer.advance(raw).commands;
  };
  expect(packetAt(10)).toEqual([{ clock: "clock", ppb: -1000, untilRaw: 12, thenPpb: -300 }]);
  peer.steered({ clock: "clock", raw: 10, steering: 0, frequency: -1000, era: 0 });
  expect([packetAt(11), packetAt(15)]).toEqual([[], []]);
  expect(peer.seen).toEqual([0, -1000, -2000 - 3 * 300]);
});
