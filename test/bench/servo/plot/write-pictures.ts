/** `npm run bench -- servo --plot`: docs/pictures, anew. The same bytes unless what runs has changed. */
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { drawPicture } from "./picture.js";
import { pictures, recordPicture } from "./pictures.js";

/** From where this is compiled to. */
const folder = new URL("../../../../../docs/pictures/", import.meta.url);

/** @returns paths of what was written */
export async function writePictures(): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const written: string[] = [];
  for (const picture of pictures) {
    const file = new URL(`${picture.name}.svg`, folder);
    await writeFile(file, drawPicture(recordPicture(picture)));
    written.push(fileURLToPath(file));
  }
  return written;
}
