import { KnownBeginnings } from './known-beginnings.ts';
import { KnownSecret, MIN_SECRET_LENGTH } from './known-secret.ts';
import { type Range, searchedTexts } from './searched-text.ts';

/** Stands where a secret was. */
export const REDACTED = '[redacted]';

/** Keeps secrets out of every text that leaves the process. */
export interface Redactor {
  /**
   * Makes a secret known until the returned handle is disposed of; what begins as it does stays known,
   * by its first 16 characters. It is found in whatever a text can be decoded to: escapes of URLs, JSON
   * and HTML, full-width letters, UTF-16, hex, base64 and lists of numbers, in any mixture and one in
   * the other; and with white space in it. Shorter than 6 characters: ignored.
   */
  register(secret: string): Disposable;
  /** The text with known secrets, and whatever looks like a token, a secret or a password in a URL, replaced. Idempotent. */
  redact(text: string): string;
  /** True when the bytes hold a known secret, or the beginning of one that was known. */
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
  // WeChat's refresh tokens and tickets begin so, also in a URL
  /\b(?:refreshtoken|ticket)(?:@|%40){3}[\w+/=.%-]+/gi,
  // Nothing else of that length is without a space or a dot; tokens have 512 characters and more.
  /[\w-]{128,}/g,
  // postgres://user:…@host
  /(?<=\bpostgres(?:ql)?:\/\/[^\s/:@]{0,128}:)[^\s"'<>]+(?=@)/gi,
  /(?<=:\/\/[^\s/:@]{0,128}:)[^\s/"'<>]+(?=@)/gi,
];

export function createRedactor(): Redactor {
  const known = new Map<string, KnownSecret>();
  const beginnings = new KnownBeginnings();

  function register(secret: string): Disposable {
    // A piece of the mark itself would be found in every mark.
    if (secret.length < MIN_SECRET_LENGTH || REDACTED.includes(secret)) return { [Symbol.dispose]: () => {} };
    const entry = known.get(secret) ?? new KnownSecret(secret);
    entry.uses += 1;
    beginnings.add(secret);
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

  function* rangesOf(text: string): Generator<Range> {
    for (const searched of searchedTexts(text)) {
      for (const secret of known.values()) yield* secret.rangesIn(searched);
      yield* beginnings.rangesIn(searched);
    }
  }

  function redact(text: string): string {
    const pieces = known.size === 0 && beginnings.isEmpty ? [text] : withoutRanges(text, rangesOf);
    return redactCredentials(pieces.join(REDACTED));
  }

  function holdsSecret(bytes: Uint8Array): boolean {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    return !rangesOf(text).next().done;
  }

  return { register, redact, holdsSecret };
}

/** What is left of a text around the ranges; each piece is searched again, for cutting could bring two halves to light. */
function withoutRanges(text: string, rangesOf: (text: string) => Iterable<Range>): string[] {
  return text.split(REDACTED).flatMap((whole) => {
    const bytes = Buffer.from(whole, 'utf8');
    const ranges = [...rangesOf(bytes.toString('latin1'))].sort((a, b) => a.start - b.start);
    if (ranges.length === 0) return [whole];
    const pieces: string[] = [];
    let reached = 0;
    for (const { start, end } of ranges) {
      if (pieces.length === 0 || start > reached) pieces.push(bytes.toString('utf8', reached, start));
      reached = Math.max(reached, end);
    }
    pieces.push(bytes.toString('utf8', reached));
    return pieces.flatMap((piece) => withoutRanges(piece, rangesOf));
  });
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
