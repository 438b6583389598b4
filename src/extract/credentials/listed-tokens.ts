const CHUNK_BYTES = 65_536;
const NONE = -1;

/**
 * The accounts of a list with their refresh tokens. The tokens are kept as bytes: as strings, those
 * of 100,000 accounts would take a third of the memory of a run.
 */
export class ListedTokens {
  /** Where the token of an account begins, in bytes over all chunks; {@link NONE} without one. */
  readonly #places = new Map<string, number>();
  readonly #chunks: Buffer[] = [];
  #used = CHUNK_BYTES;

  /** Each account once. */
  get appIds(): ReadonlySetLike<string> {
    return this.#places;
  }

  /**
   * Adds an account. An empty token takes nothing from an account that is listed with one already.
   */
  add(appId: string, token: string): void {
    if (token !== '') this.#places.set(appId, this.#write(token));
    else if (!this.#places.has(appId)) this.#places.set(appId, NONE);
  }

  /** Null when the list has no token of the account. */
  get(appId: string): string | null {
    const place = this.#places.get(appId) ?? NONE;
    const chunk = this.#chunks[Math.floor(place / CHUNK_BYTES)];
    if (chunk === undefined) return null;
    const start = place % CHUNK_BYTES;
    return chunk.toString('utf8', start + 2, start + 2 + chunk.readUInt16LE(start));
  }

  /** A token that is longer than a chunk, which WeChat never gives, counts as none. */
  #write(token: string): number {
    const length = Buffer.byteLength(token);
    if (length + 2 > CHUNK_BYTES) return NONE;
    if (this.#used + length + 2 > CHUNK_BYTES) {
      this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK_BYTES));
      this.#used = 0;
    }
    const chunk = this.#chunks.at(-1) ?? Buffer.alloc(0);
    const start = this.#used;
    chunk.writeUInt16LE(length, start);
    chunk.write(token, start + 2);
    this.#used += length + 2;
    return (this.#chunks.length - 1) * CHUNK_BYTES + start;
  }
}
