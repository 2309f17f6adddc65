// Ids that are made here: UUIDv7, so that they are in order of time.

let last = 0;

export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  // Never the same millisecond twice, so that ids made here are in the order in which they were made.
  const now = (last = Math.max(Date.now(), last + 1));
  for (let at = 0; at < 6; at++) bytes[at] = Math.floor(now / 2 ** (8 * (5 - at))) % 256;
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
