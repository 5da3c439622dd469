/** For tests and tools; the product's entry is main.ts. */
export { operatorErrorRegistry } from "./errors.js";
export { planWorld } from "./plan/plan-world.js";
