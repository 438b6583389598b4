import type { Payload } from '../../load/loader.ts';

const MAX_BODIES = 1_000;
const MAX_SEEN = 10_000;
const MAX_CHARACTERS = 2 * 1024 * 1024;
const MEMBER = ',"body":';

/**
 * The bodies that came twice in earlier lines, by their text in the line. It holds up to 1,000
 * bodies or 2 million characters, then it begins anew. Most lines of a file repeat a body, which is
 * neither parsed nor hashed again.
 */
export class KnownBodies {
  readonly #payloads = new Map<string, Payload>();
  /** The hashes of bodies that came once; where no body comes twice, no text is kept. */
  readonly #seen = new Set<string>();
  #characters = 0;

  /**
   * Splits a line whose last member is a known `body`. Undefined for any other line, which must be
   * read as a whole. The known text is a JSON value, so the line is JSON when its `rest` is.
   */
  find(line: string): KnownLine | undefined {
    if (this.#payloads.size === 0) return undefined;
    const at = line.indexOf(MEMBER);
    if (at === -1 || !line.endsWith('}')) return undefined;
    const payload = this.#payloads.get(line.slice(at + MEMBER.length, -1));
    return payload === undefined ? undefined : { rest: `${line.slice(0, at)}}`, payload };
  }

  /**
   * `text`: the body as JSON.stringify writes it in a line. A line that writes it otherwise is not
   * found.
   */
  remember(text: string, payload: Payload): void {
    if (text.length > MAX_CHARACTERS) return;
    if (!this.#seen.has(payload.payloadHash)) {
      this.#noteFirst(payload);
      return;
    }
    this.#characters += text.length;
    if (this.#characters > MAX_CHARACTERS || this.#payloads.size >= MAX_BODIES) {
      this.#payloads.clear();
      this.#characters = text.length;
    }
    this.#payloads.set(text, payload);
  }

  #noteFirst({ payloadHash }: Payload): void {
    if (this.#seen.size >= MAX_SEEN) this.#seen.clear();
    this.#seen.add(payloadHash);
  }
}

export interface KnownLine {
  /** The line without its body: the text of an object. */
  readonly rest: string;
  readonly payload: Payload;
}
