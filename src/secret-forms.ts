/**
 * The spellings under which a secret turns up in URLs, JSON and headers: as it is, percent-encoded (hex digits of either case),
 * JSON-escaped (with and without `\/`), and base64 or base64url, alone or anywhere inside longer encoded text.
 */
export function secretForms(secret: string): readonly string[] {
  const wellFormed = secret.toWellFormed();
  const percent = encodeURIComponent(wellFormed);
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    ...new Set([
      secret,
      percent,
      percent.replaceAll(/%[0-9A-F]{2}/g, (triplet) => triplet.toLowerCase()),
      percent.replaceAll('%20', '+'),
      json,
      json.replaceAll('/', '\\/'),
      ...base64Forms(Buffer.from(secret, 'utf8')),
    ]),
  ];
}

/** The characters that depend on the secret alone, for each of the three positions that it can start at within a group of 3 bytes. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
    const own = (text: string) => text.slice(Math.ceil((offset * 8) / 6), Math.floor((padded.length * 8) / 6));
    return [own(padded.toString('base64')), own(padded.toString('base64url'))].filter((form) => form.length >= 7);
  });
}
