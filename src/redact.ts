import { secretForms } from './secret-forms.ts';

/** Stands where a secret was. */
export const REDACTED = '[redacted]';

/** A secret shorter than this is not looked for: it would be found in ordinary words. Its length, not its worth, decides. */
export const MIN_SECRET_LENGTH = 6;

/** Keeps secrets out of every text that leaves the process. */
export interface Redactor {
  /**
   * Makes a secret known until the returned handle is disposed of. Its raw, percent-encoded, JSON-escaped and base64 forms are
   * found, and a token that was cut off after its first 16 characters. Shorter than 6 characters: ignored.
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
  // access_token=…, component_access_token=…, appsecret=…, password='…'
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
    // Splitting at marks first, and never joining before the end, is what makes a second pass change nothing.
    let pieces = text.split(REDACTED);
    const split = (separator: string | RegExp) => {
      pieces = pieces.flatMap((piece) => (piece === '' ? [piece] : piece.split(separator)));
    };
    const forms = [...known.values()].flatMap((entry) => entry.forms).sort((a, b) => b.length - a.length);
    for (const form of forms) if (text.includes(form)) split(form);
    for (const { cutOff } of known.values()) if (cutOff !== null) split(cutOff);
    for (const pattern of patterns) split(pattern);
    return pieces.join(REDACTED);
  }

  function holdsSecret(bytes: Uint8Array): boolean {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const { forms } of known.values()) if (forms.some((form) => buffer.includes(form, 'utf8'))) return true;
    return false;
  }

  return { register, redact, holdsSecret };
}

/** A long token is known by its beginning too: error texts cut it off, and so do we. */
function cutOffPattern(secret: string): RegExp | null {
  if (secret.length < 32 || !/^[\w+/=.-]+$/.test(secret)) return null;
  const beginning = secret.slice(0, 16).replaceAll(/[+.]/g, '\\$&');
  return new RegExp(`${beginning}[\\w+/=.-]*`, 'g');
}
