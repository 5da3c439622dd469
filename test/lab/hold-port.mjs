// Holds UDP port 319 as another PTP daemon would, until its standard input ends. Prints "held".
import { createSocket } from "node:dgram";

const socket = createSocket("udp4");
socket.bind(319, () => console.log("held"));
process.stdin.on("end", () => socket.close());
process.stdin.resume();
