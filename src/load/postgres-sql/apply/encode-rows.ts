import type { Micros } from '../../../instant.ts';

const CHUNK_BYTES = 256 * 1024;
/** UTF-8 takes at most three bytes for a UTF-16 code unit. */
const BYTES_A_CHARACTER = 3;
/** PostgreSQL counts from 2000-01-01. */
const POSTGRES_EPOCH: Micros = 946_684_800_000_000n;

/**
 * Rows in the binary format of COPY, without its header and trailer, as chunks of about 256 KiB
 * that end with a row. A chunk is made when it is read. `write` writes the fields of a row,
 * `columns` many, in their order. The server takes this format in four fifths of the time of the
 * text format, because it has no times to parse.
 */
export function* encodeRows<Row>(
  rows: Iterable<Row>,
  columns: number,
  write: (fields: CopyFields, row: Row) => void,
): Generator<Buffer> {
  const fields = new CopyFields();
  for (const row of rows) {
    fields.begin(columns);
    write(fields, row);
    yield* fields.fullChunks();
  }
  yield* fields.rest();
}

/** Writes the fields of rows, one behind the other. {@link begin} comes before each row. */
export class CopyFields {
  readonly #chunkBytes: number;
  #chunk: Buffer;
  #used = 0;
  #rowStart = 0;
  #full: Buffer[] = [];

  constructor(chunkBytes = CHUNK_BYTES) {
    this.#chunkBytes = chunkBytes;
    this.#chunk = Buffer.allocUnsafeSlow(chunkBytes);
  }

  begin(columns: number): void {
    this.#rowStart = this.#used;
    this.#reserve(2);
    this.#used = this.#chunk.writeInt16BE(columns, this.#used);
  }

  text(value: string | null): void {
    if (value === null) {
      this.#null();
      return;
    }
    this.#reserve(4 + value.length * BYTES_A_CHARACTER);
    const length = this.#chunk.write(value, this.#used + 4);
    this.#chunk.writeInt32BE(length, this.#used);
    this.#used += 4 + length;
  }

  bigint(value: bigint | null): void {
    if (value === null) {
      this.#null();
      return;
    }
    this.#reserve(12);
    this.#used = this.#chunk.writeInt32BE(8, this.#used);
    this.#used = this.#chunk.writeBigInt64BE(value, this.#used);
  }

  instant(value: Micros | null): void {
    this.bigint(value === null ? null : value - POSTGRES_EPOCH);
  }

  boolean(value: boolean): void {
    this.#reserve(5);
    this.#used = this.#chunk.writeInt32BE(1, this.#used);
    this.#used = this.#chunk.writeUInt8(value ? 1 : 0, this.#used);
  }

  /** Fields that {@link encodeFields} has made. */
  encoded(fields: Uint8Array): void {
    this.#reserve(fields.length);
    this.#chunk.set(fields, this.#used);
    this.#used += fields.length;
  }

  /** The chunks that are full, each once. */
  fullChunks(): readonly Buffer[] {
    if (this.#full.length === 0) return this.#full;
    const full = this.#full;
    this.#full = [];
    return full;
  }

  /** What {@link fullChunks} has not given yet. */
  *rest(): Generator<Buffer> {
    yield* this.fullChunks();
    if (this.#used > 0) yield this.#chunk.subarray(0, this.#used);
  }

  #null(): void {
    this.#reserve(4);
    this.#used = this.#chunk.writeInt32BE(-1, this.#used);
  }

  /** The row that does not fit any more moves to the next chunk. */
  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#chunk.length) return;
    const row = this.#chunk.subarray(this.#rowStart, this.#used);
    if (this.#rowStart > 0) this.#full.push(this.#chunk.subarray(0, this.#rowStart));
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(this.#chunkBytes, 2 * (row.length + bytes)));
    this.#chunk.set(row);
    this.#rowStart = 0;
    this.#used = row.length;
  }
}

/** Fields that many rows share, to be written with {@link CopyFields.encoded}. */
export function encodeFields(write: (fields: CopyFields) => void): Uint8Array {
  const fields = new CopyFields(256);
  write(fields);
  return Buffer.concat([...fields.rest()]);
}

const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);

/** The whole input of `COPY … (FORMAT binary)`. */
export function* withHeaderAndTrailer(rows: Iterable<Buffer>): Generator<Buffer> {
  yield HEADER;
  yield* rows;
  yield TRAILER;
}
