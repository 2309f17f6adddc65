// What a scanned code says. Pure.

/** The pairing string in the address of an app's page for pairing, or as it is; `null` if there is none. */
export function pairingOf(scanned: string): string | null {
  const text = scanned.trim();
  if (/^wayfare(\+ws)?:\/\//i.test(text)) return text;
  const behind = /^https?:\/\/[^/]+\/pair#(.+)$/i.exec(text)?.[1];
  if (behind === undefined) return null;
  try {
    return decodeURIComponent(behind);
  } catch {
    return null;
  }
}
