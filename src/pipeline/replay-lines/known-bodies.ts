import type { Payload } from '../../load/loader.ts';

const MAX_CHARACTERS = 2 * 1024 * 1024;
const MEMBER = ',"body":';

/**
 * Most lines of a file bring a body that an earlier line brought. This remembers bodies by their text in the line, up to
 * 2 million characters of them, so that a repeated one is neither parsed nor written nor hashed again.
 */
export class KnownBodies {
  readonly #payloads = new Map<string, Payload>();
  #characters = 0;

  /**
   * The line as the text of an object without its body, and the body that is known by the rest of the line. Undefined when
   * there is none: then the line must be read as a whole. When that text is JSON, so is the line: the known text is a JSON
   * value, and `body` its last member.
   */
  find(line: string): KnownLine | undefined {
    const at = line.indexOf(MEMBER);
    if (at === -1 || !line.endsWith('}')) return undefined;
    const payload = this.#payloads.get(line.slice(at + MEMBER.length, -1));
    return payload === undefined ? undefined : { rest: `${line.slice(0, at)}}`, payload };
  }

  /** `text`: the body as JSON.stringify writes it in a line. A line that writes it otherwise is read as a whole each time. */
  remember(text: string, payload: Payload): void {
    if (text.length > MAX_CHARACTERS) return;
    this.#characters += text.length;
    if (this.#characters > MAX_CHARACTERS) {
      this.#payloads.clear();
      this.#characters = text.length;
    }
    this.#payloads.set(text, payload);
  }
}

export interface KnownLine {
  readonly rest: string;
  readonly payload: Payload;
}
