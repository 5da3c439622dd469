/**
 * At most so many connections, the oldest making room for the newest: whoever holds all of them keeps no probe out, because a
 * probe is over long before its own turn to go.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";

export function limitConnections(server: Server, most: number): void {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    const [oldest] = sockets;
    if (sockets.size > most) oldest?.destroy();
  });
}
