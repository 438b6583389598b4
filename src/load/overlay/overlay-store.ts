import { deserialize, serialize } from 'node:v8';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compareCodePoints } from '../../compare-code-points.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import type { Decision, Observation } from '../../dimension/observation.ts';
import type { Version, VersionChange } from '../../dimension/version.ts';
import { ScenedimError } from '../../errors.ts';
import type { Micros } from '../../instant.ts';
import { onTemporaryFile, openTemporaryDatabase } from '../../process/temporary-database.ts';
import type { AccountChanges } from '../account-rows.ts';
import type { ChangeSet } from '../loader.ts';

const PAGE_ROWS = 500;
const COMPRESS_FROM_BYTES = 2_048;
const PLAIN = Buffer.of(0);
const COMPRESSED = Buffer.of(1);
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/**
 * A log of planned changes in a temporary file that has no name and so ends with the process. A full
 * or missing folder for temporary files is `file_unusable`.
 */
export class OverlayStore implements Disposable {
  readonly #database = openTemporaryDatabase(
    `CREATE TABLE change (app_id TEXT, batch INTEGER, head BLOB, observations BLOB, versions BLOB, PRIMARY KEY (app_id, batch));
     CREATE TABLE payload (payload_hash TEXT PRIMARY KEY, body BLOB, byte_length INTEGER)`,
    { cacheKiB: 16_384, rollsBack: true },
  );
  readonly #selectPayload = this.#database.prepare('SELECT body FROM payload WHERE payload_hash = ?');
  #lastBatch = 0;

  /** Adds a batch: all or nothing. */
  append(accounts: readonly AccountChanges[], changes: Pick<ChangeSet, 'payloads' | 'removedPayloads'>): void {
    onTemporaryFile(() => {
      this.#database.exec('BEGIN');
      try {
        this.#insert(accounts, changes);
        this.#database.exec('COMMIT');
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
      this.#lastBatch += 1;
    });
  }

  /**
   * One part of the touched accounts (all, or those asked for), ordered by app_id. What is appended
   * after the call does not show, even while the caller still reads.
   */
  read<Name extends keyof OverlayParts>(
    part: Name,
    appIds: readonly string[] | undefined,
  ): Iterable<TouchedAccount<OverlayParts[Name]>> {
    const upTo = this.#lastBatch;
    return byAccount(appIds === undefined ? this.#pagesOfAll(part, upTo) : this.#pagesOf(part, appIds, upTo));
  }

  /** Null when it was removed, undefined when no batch was about it. */
  readPayload(payloadHash: string): Uint8Array | null | undefined {
    const row = onTemporaryFile(() => this.#selectPayload.get(payloadHash));
    if (row === undefined) return undefined;
    const { body } = row;
    return body instanceof Uint8Array ? Uint8Array.from(unpack(body)) : null;
  }

  /** Of every body that a batch was about; those that were removed have no length. */
  payloadSizes(): ReadonlyMap<string, number | null> {
    const rows = onTemporaryFile(() => this.#database.prepare('SELECT payload_hash, byte_length FROM payload').all());
    return new Map(rows.map((row) => [String(row['payload_hash']), row['byte_length'] as number | null]));
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #insert(
    accounts: readonly AccountChanges[],
    { payloads, removedPayloads }: Pick<ChangeSet, 'payloads' | 'removedPayloads'>,
  ): void {
    const insertPayload = this.#database.prepare('INSERT OR REPLACE INTO payload VALUES (?, ?, ?)');
    const insertChange = this.#database.prepare('INSERT INTO change VALUES (?, ?, ?, ?, ?)');
    for (const { payloadHash, body } of payloads) insertPayload.run(payloadHash, pack(body), body.byteLength);
    for (const payloadHash of removedPayloads) insertPayload.run(payloadHash, null, null);
    for (const { appId, head, observations: added, decisions, removedObservations, versions } of accounts) {
      const removed = removedObservations.map(({ observedAt }) => observedAt);
      insertChange.run(
        appId,
        this.#lastBatch + 1,
        head === null ? null : encode(head.head),
        added.length + decisions.length + removed.length === 0 ? null : encode({ added, decisions, removed }),
        versions.length === 0 ? null : encode(finalRows(versions)),
      );
    }
  }

  *#pagesOf(part: keyof OverlayParts, appIds: readonly string[], upToBatch: number): Generator<Row[]> {
    // Each head takes the place of the one before.
    const order = part === 'head' ? 'batch DESC LIMIT 1' : 'batch';
    const select = this.#database.prepare(
      `SELECT app_id, batch, ${part} AS part FROM change
       WHERE app_id = ? AND batch <= ? AND ${part} IS NOT NULL ORDER BY ${order}`,
    );
    for (const appId of [...new Set(appIds)].sort(compareCodePoints)) {
      yield onTemporaryFile(() => select.all(appId, upToBatch).map(rowOf));
    }
  }

  *#pagesOfAll(part: keyof OverlayParts, upToBatch: number): Generator<Row[]> {
    const select = this.#database.prepare(
      `SELECT app_id, batch, ${part} AS part FROM change
       WHERE (app_id, batch) > (?, ?) AND batch <= ? AND ${part} IS NOT NULL ORDER BY app_id, batch LIMIT ${PAGE_ROWS}`,
    );
    let last: Row | undefined;
    do {
      const from = last;
      const page = onTemporaryFile(() => select.all(from?.appId ?? '', from?.batch ?? 0, upToBatch).map(rowOf));
      yield page;
      last = page.length < PAGE_ROWS ? undefined : page.at(-1);
    } while (last !== undefined);
  }
}

/** What one batch did to one account. */
export interface OverlayParts {
  readonly head: AccountHead;
  readonly observations: {
    readonly added: readonly Observation[];
    readonly decisions: readonly Decision[];
    readonly removed: readonly Micros[];
  };
  /** The new row by `version_id`; null for a deleted one. */
  readonly versions: ReadonlyMap<string, Version | null>;
}

/** What the batches did to one part of an account, oldest first. */
export interface TouchedAccount<Part> {
  readonly appId: string;
  readonly changes: readonly Part[];
}

interface Row {
  readonly appId: string;
  readonly batch: number;
  readonly part: Uint8Array;
}

/** Rows of one account that follow each other, decoded together. */
function* byAccount<Part>(pages: Iterable<Row[]>): Generator<TouchedAccount<Part>> {
  let appId: string | undefined;
  let changes: Part[] = [];
  for (const page of pages) {
    for (const row of page) {
      if (appId !== undefined && row.appId !== appId) {
        yield { appId, changes };
        changes = [];
      }
      appId = row.appId;
      changes.push(decode(row.part));
    }
  }
  if (appId !== undefined) yield { appId, changes };
}

function rowOf(columns: Record<string, unknown>): Row {
  const { app_id: appId, batch, part } = columns;
  if (typeof appId !== 'string' || typeof batch !== 'number' || !(part instanceof Uint8Array)) {
    throw new ScenedimError('internal', 'a row of the overlay is not as it was written');
  }
  return { appId, batch, part };
}

/**
 * Large blobs are compressed, small ones are not: a compressor costs more than it saves. The first
 * byte tells which.
 */
function pack(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength < COMPRESS_FROM_BYTES) return Buffer.concat([PLAIN, bytes]);
  return Buffer.concat([COMPRESSED, zstdCompressSync(bytes, compression)]);
}

function unpack(packed: Uint8Array): Uint8Array {
  const bytes = packed.subarray(1);
  return packed[0] === PLAIN[0] ? bytes : zstdDecompressSync(bytes);
}

/** Structured clone keeps bigints exact, which JSON does not. */
function encode(value: unknown): Uint8Array {
  return pack(serialize(value));
}

function decode(bytes: Uint8Array) {
  return deserialize(unpack(bytes));
}

function finalRows(changes: readonly VersionChange[]): OverlayParts['versions'] {
  return new Map(
    changes.map((change) =>
      change.op === 'delete' ? [change.before.versionId, null] : [change.after.versionId, change.after],
    ),
  );
}
