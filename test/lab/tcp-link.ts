/** A TCP connection to somewhere that can be cut and mended, for whoever must lose the network while others keep it. */
import { connect, createServer, type Socket } from "node:net";

export interface TcpLink {
  readonly port: number;
  /** Ends every connection and lets nobody in. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function openTcpLink(target: { readonly host: string; readonly port: number }): Promise<TcpLink> {
  const sockets = new Set<Socket>();
  let whole = true;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    keep(near);
    if (!whole) return near.resetAndDestroy();
    const far = connect(target);
    keep(far);
    near.pipe(far).pipe(near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const cutAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    cut() {
      whole = false;
      cutAll();
    },
    mend() {
      whole = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cutAll();
      }),
  };
}
