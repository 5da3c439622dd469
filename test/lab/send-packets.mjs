// Sends datagrams from eth0 of the namespace that it runs in, to the PTP multicast group or to "to". Standard input: JSON
// [{ "octets": "hex", "port": 319, "count": 1, "to": "10.0.0.1" }, …].
import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { text } from "node:stream/consumers";

const packets = /** @type {{ octets: string, port: number, count: number, to?: string }[]} */ (JSON.parse(await text(process.stdin)));
const address = networkInterfaces().eth0?.find(({ family }) => family === "IPv4")?.address ?? "";
const socket = createSocket("udp4");
await new Promise((resolve) => socket.bind(0, address, () => resolve(null)));
socket.setMulticastInterface(address);
for (const { octets, port, count, to = "224.0.1.129" } of packets) {
  const message = Buffer.from(octets, "hex");
  for (let sent = 0; sent < count; sent += 1)
    await new Promise((resolve, reject) => socket.send(message, port, to, (error) => (error ? reject(error) : resolve(null))));
}
socket.close();
