/** Stands where a secret was. */
export const REDACTED = '[redacted]';

/** A secret shorter than this is not looked for: it would be found in ordinary words. Its length, not its worth, decides. */
export const MIN_SECRET_LENGTH = 6;

/** Keeps secrets out of every text that leaves the process. */
export interface Redactor {
  /**
   * Makes a secret known until the returned handle is disposed of. Its raw, percent-encoded,
   * JSON-escaped and base64 forms are found, and a token that was cut off after its first 16
   * characters. Shorter than 6 characters: ignored.
   */
  register(secret: string): Disposable;
  /** The text with known secrets, and whatever looks like a token, a secret or a password in a URL, replaced. Idempotent. */
  redact(text: string): string;
  /** True when the bytes hold a known secret in any of its forms. */
  holdsSecret(bytes: Uint8Array): boolean;
}

const NAME = '(?:access_token|refresh_token|subject_token|secret|verify_ticket|password|passwd|private_key|assertion)';

/** Each matches the value only, so that its name stays readable. */
const patterns: readonly RegExp[] = [
  // password='…' of a connection string, which may hold spaces
  /(?<=\b(?:ssl)?password=')[^']+(?=')/gi,
  // access_token=…, component_access_token=…, appsecret=…, password="…"
  new RegExp(`(?<=${NAME}\\s{0,4}=\\s{0,4}["']?)[^\\s&"'<>\\\\]+`, 'gi'),
  // "access_token":"…", also inside a JSON string
  new RegExp(`(?<=${NAME}\\\\{0,3}"\\s{0,4}:\\s{0,4}\\\\{0,3}")(?:[^"\\\\]|\\\\[^"\\\\])+`, 'gi'),
  // access_token: …; long values only, since `secret: see the manual` is prose
  new RegExp(`(?<=${NAME}["']?\\s{0,4}:\\s{0,4}["']?)[\\w%+/=.-]{16,}`, 'gi'),
  // Tokens of Google, JSON Web Tokens and the middle of a PEM file, wherever they stand
  /\bya29\.[\w.-]+/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g,
  /(?<=-----BEGIN [A-Z ]*PRIVATE KEY-----)[^-]+/g,
  // Nothing else of that length is without a space or a dot; tokens have 512 characters and more.
  /[\w-]{128,}/g,
  // postgres://user:…@host
  /(?<=\bpostgres(?:ql)?:\/\/[^\s/:@]{0,128}:)[^\s"'<>]+(?=@)/gi,
  /(?<=:\/\/[^\s/:@]{0,128}:)[^\s/"'<>]+(?=@)/gi,
];

export function createRedactor(): Redactor {
  const known = new Map<string, { uses: number; readonly forms: readonly string[]; readonly cutOff: RegExp | null }>();

  function register(secret: string): Disposable {
    // A piece of the mark itself would be found in every mark.
    if (secret.length < MIN_SECRET_LENGTH || REDACTED.includes(secret)) return { [Symbol.dispose]: () => {} };
    const entry = known.get(secret) ?? { uses: 0, forms: secretForms(secret), cutOff: cutOffPattern(secret) };
    entry.uses += 1;
    known.set(secret, entry);
    let disposed = false;
    return {
      [Symbol.dispose]: () => {
        if (disposed) return;
        disposed = true;
        entry.uses -= 1;
        if (entry.uses === 0) known.delete(secret);
      },
    };
  }

  function redact(text: string): string {
    const forms = [...known.values()].flatMap((entry) => entry.forms).sort((a, b) => b.length - a.length);
    const cutOff = [...known.values()].flatMap((entry) => entry.cutOff ?? []);
    return withoutAny(text, [...forms.filter((form) => text.includes(form)), ...cutOff, ...patterns]);
  }

  function holdsSecret(bytes: Uint8Array): boolean {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const { forms } of known.values()) if (forms.some((form) => buffer.includes(form, 'utf8'))) return true;
    return false;
  }

  return { register, redact, holdsSecret };
}

/** A text without whatever looks like a credential: for loaders, which know no secrets. A {@link Redactor} does this, too. */
export function redactCredentials(text: string): string {
  return withoutAny(text, patterns);
}

/** Splitting at marks first, and never joining before the end, is what makes a second pass change nothing. */
function withoutAny(text: string, separators: readonly (string | RegExp)[]): string {
  let pieces = text.split(REDACTED);
  for (const separator of separators) {
    pieces = pieces.flatMap((piece) => (piece === '' ? [piece] : piece.split(separator)));
  }
  return pieces.join(REDACTED);
}

/** A long token is known by its beginning too: error texts cut it off, and so do we. */
function cutOffPattern(secret: string): RegExp | null {
  if (secret.length < 32 || !/^[\w+/=.-]+$/.test(secret)) return null;
  const beginning = secret.slice(0, 16).replaceAll(/[+.]/g, '\\$&');
  return new RegExp(`${beginning}[\\w+/=.-]*`, 'g');
}

/**
 * The spellings under which a secret turns up in URLs, JSON and headers: as it is, percent-encoded
 * (hex digits of either case), JSON-escaped (with and without `\/`), and base64 or base64url, alone
 * or anywhere inside longer encoded text.
 */
function secretForms(secret: string): readonly string[] {
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
