/**
 * protobufjs decodes 64-bit fields to Long objects wherever the package `long` can be found, whatever the generator was told.
 * Ours hold nanoseconds and counters below 2^53, so they are numbers; absolute time never travels as one integer.
 *
 * A module of its own, imported before the generated one, because that one makes its default values while it is loaded.
 */
import protobuf from "protobufjs/minimal.js";

protobuf.util.Long = undefined as unknown as typeof protobuf.util.Long;
protobuf.configure();
