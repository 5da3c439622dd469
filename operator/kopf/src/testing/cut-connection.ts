/** A TCP connection that ends with a reset, also under TLS, whose sockets cannot do that themselves. */
import type { Socket } from "node:net";

/** Where a TLS socket keeps the TCP connection under it. */
const transportOf = Symbol("transport");

export function rememberTransport(secure: Socket, transport: Socket): void {
  Object.assign(secure, { [transportOf]: transport });
}

export function cutConnection(socket: Socket): void {
  const transport = (socket as { readonly [transportOf]?: Socket })[transportOf] ?? socket;
  transport.resetAndDestroy();
}
