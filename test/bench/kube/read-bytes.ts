/** The floor of filling a cache: the same answers of the same server, of which nobody looks at a byte. */
import { readFileSync } from "node:fs";
import { type Dispatcher, Pool } from "undici";

const query = {
  watchlist: "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
  list: "limit=500",
};
const endOfSnapshot = "k8s.io/initial-events-end";

/** @returns seconds until everything was there */
export async function readBytes(kubeconfig: string, way: "watchlist" | "list"): Promise<number> {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, "utf8")) as {
    clusters: [{ cluster: { server: string; "certificate-authority-data": string } }];
    users: [{ user: { "client-certificate-data": string; "client-key-data": string } }];
  };
  const decode = (text: string) => Buffer.from(text, "base64");
  const [{ cluster }, { user }] = [clusters[0], users[0]];
  const connect = {
    ca: decode(cluster["certificate-authority-data"]),
    cert: decode(user["client-certificate-data"]),
    key: decode(user["client-key-data"]),
  };
  const pool = new Pool(cluster.server, { connect });
  const ask = (more = "") => pool.request({ path: `/api/v1/nodes?${query[way]}${more}`, method: "GET" });
  const startedAt = performance.now();
  try {
    if (way === "watchlist") await readUntilEnd((await ask()).body);
    else
      for (let token: string | undefined = ""; token !== undefined; )
        token = await readToken((await ask(token && `&continue=${token}`)).body);
    return (performance.now() - startedAt) / 1000;
  } finally {
    await pool.destroy();
  }
}

async function readUntilEnd(body: Dispatcher.ResponseData["body"]): Promise<void> {
  for await (const chunk of body) if ((chunk as Buffer).includes(endOfSnapshot)) return;
  throw new Error("the streaming list did not end");
}

/** @returns the token of the next page, which stands before the items */
async function readToken(body: Dispatcher.ResponseData["body"]): Promise<string | undefined> {
  let token: string | undefined;
  let first = true;
  for await (const chunk of body) {
    if (first) token = /"continue":"([^"]+)"/.exec((chunk as Buffer).toString("latin1", 0, 500))?.[1];
    first = false;
  }
  return token;
}
