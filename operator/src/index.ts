/** For tests and tools; the product's entry is main.ts. */
export { operatorErrorRegistry } from "./errors.js";
export { Nodes } from "./kinds.js";
export { planWorld } from "./plan/plan-world.js";
export { projectNode } from "./world/project-node.js";
