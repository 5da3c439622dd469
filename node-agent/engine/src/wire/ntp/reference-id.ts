/**
 * The reference identifier, 32 bits of three meanings (RFC 5905 7.3 and 7.4): of a stratum 1 server four letters that name its
 * source, of the others the IPv4 address of theirs (or a digest that looks like one), at stratum 0 the kiss code.
 */

/** Up to four letters, left justified and filled with zeros. */
export function referenceIdOfText(text: string): number {
  let id = 0;
  for (let i = 0; i < 4; i++) id = id * 256 + (i < text.length ? text.charCodeAt(i) & 0x7f : 0);
  return id;
}

/** @param address IPv4, dotted. @returns null when it is none */
export function referenceIdOfAddress(address: string): number | null {
  const parts = address.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return null;
  return parts.reduce((id, part) => id * 256 + Number(part), 0);
}

/** For people: the letters at stratum 0 and 1 (as hexadecimal digits when they are none), else dotted. */
export function formatReferenceId(stratum: number, id: number): string {
  if (stratum > 1) return octetsOf(id).join(".");
  const text = textOfReferenceId(id);
  return text !== "" && /^[\x21-\x7e]+$/.test(text) ? text : `0x${id.toString(16).padStart(8, "0")}`;
}

/** The letters as they stand, without the zeros that fill them; what is not ASCII is in there too. */
export function textOfReferenceId(id: number): string {
  return String.fromCharCode(...octetsOf(id)).replace(/\0+$/, "");
}

function octetsOf(id: number): number[] {
  return [id >>> 24, (id >>> 16) & 0xff, (id >>> 8) & 0xff, id & 0xff];
}
