/** The simulator: worlds, delay laws and the closed loop. Used by tests and benchmarks; nothing of it runs in the agent. */
export * from "./delay-law.js";
export * from "./idle-engine.js";
export * from "./mishaps.js";
export * from "./oscillator.js";
export * from "./ntp-responder.js";
export * from "./random.js";
export * from "./segment.js";
export * from "./segment-host.js";
export * from "./simulate.js";
export { simulatedClock } from "./simulated-clock.js";
export * from "./stamp-model.js";
export * from "./temperature.js";
export * from "./vote-alone.js";
export * from "./world.js";
