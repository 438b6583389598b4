import { DatabaseSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { compareCodePoints } from '../../compare-code-points.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import type { Decision, Observation } from '../../dimension/observation.ts';
import type { Version, VersionChange } from '../../dimension/version.ts';
import { ScenedimError } from '../../errors.ts';
import type { AccountChanges } from '../account-rows.ts';
import type { Payload } from '../loader.ts';

/** What one batch did to one account. */
export interface OverlayParts {
  readonly head: AccountHead;
  readonly observations: { readonly added: readonly Observation[]; readonly decisions: readonly Decision[] };
  /** The new row by `version_id`; null for a deleted one. */
  readonly versions: ReadonlyMap<string, Version | null>;
}

/** What the batches did to one part of an account, oldest first. */
export interface TouchedAccount<Part> {
  readonly appId: string;
  readonly changes: readonly Part[];
}

/** A log of planned changes in a temporary file that has no name and so ends with the process. */
export interface OverlayStore extends Disposable {
  /** Number of the newest batch: reading up to it gives the state of now, whatever is appended later. */
  readonly lastBatch: number;
  /** Adds a batch: all or nothing. */
  append(accounts: readonly AccountChanges[], payloads: readonly Payload[]): void;
  /** One part of the touched accounts (all, or those asked for), ordered by app_id. */
  read<Name extends keyof OverlayParts>(
    part: Name,
    appIds: readonly string[] | undefined,
    upToBatch: number,
  ): Iterable<TouchedAccount<OverlayParts[Name]>>;
  readPayload(payloadHash: string): Uint8Array | undefined;
}

const PAGE_ROWS = 500;
const COMPRESS_FROM_BYTES = 2_048;
const PLAIN = Buffer.of(0);
const COMPRESSED = Buffer.of(1);
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Opens an empty store. A full or missing folder for temporary files is `file_unusable`. */
export function createOverlayStore(): OverlayStore {
  // No name: SQLite keeps up to cache_size in memory and spills the rest into a file that it has unlinked.
  const database = guarded(() => new DatabaseSync(''));
  database.exec(`
    PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;
    CREATE TABLE change (app_id TEXT, batch INTEGER, head BLOB, observations BLOB, versions BLOB, PRIMARY KEY (app_id, batch));
    CREATE TABLE payload (payload_hash TEXT PRIMARY KEY, body BLOB)`);
  const insertChange = database.prepare('INSERT INTO change VALUES (?, ?, ?, ?, ?)');
  const insertPayload = database.prepare('INSERT INTO payload VALUES (?, ?) ON CONFLICT DO NOTHING');
  const selectPayload = database.prepare('SELECT body FROM payload WHERE payload_hash = ?');
  let lastBatch = 0;

  function* pagesOf(
    part: keyof OverlayParts,
    appIds: readonly string[] | undefined,
    upToBatch: number,
  ): Generator<Row[]> {
    if (appIds !== undefined) {
      // Each head takes the place of the one before.
      const order = part === 'head' ? 'batch DESC LIMIT 1' : 'batch';
      const ofAccount = database.prepare(
        `SELECT app_id, batch, ${part} AS part FROM change
         WHERE app_id = ? AND batch <= ? AND ${part} IS NOT NULL ORDER BY ${order}`,
      );
      for (const appId of [...new Set(appIds)].sort(compareCodePoints)) {
        yield guarded(() => ofAccount.all(appId, upToBatch).map(rowOf));
      }
      return;
    }
    const ofAll = database.prepare(
      `SELECT app_id, batch, ${part} AS part FROM change
       WHERE (app_id, batch) > (?, ?) AND batch <= ? AND ${part} IS NOT NULL ORDER BY app_id, batch LIMIT ${PAGE_ROWS}`,
    );
    let last: Row | undefined;
    do {
      const from = last;
      const page = guarded(() => ofAll.all(from?.appId ?? '', from?.batch ?? 0, upToBatch).map(rowOf));
      yield page;
      last = page.length < PAGE_ROWS ? undefined : page.at(-1);
    } while (last !== undefined);
  }

  return {
    get lastBatch() {
      return lastBatch;
    },

    append(accounts, payloads) {
      guarded(() => {
        database.exec('BEGIN');
        try {
          for (const { payloadHash, body } of payloads) insertPayload.run(payloadHash, pack(body));
          for (const { appId, head, observations: added, decisions, versions } of accounts) {
            insertChange.run(
              appId,
              lastBatch + 1,
              head === null ? null : encode(head.head),
              added.length + decisions.length === 0 ? null : encode({ added, decisions }),
              versions.length === 0 ? null : encode(finalRows(versions)),
            );
          }
          database.exec('COMMIT');
        } catch (error) {
          if (database.isTransaction) database.exec('ROLLBACK');
          throw error;
        }
        lastBatch += 1;
      });
    },

    *read<Name extends keyof OverlayParts>(part: Name, appIds: readonly string[] | undefined, upToBatch: number) {
      let appId: string | undefined;
      let changes: OverlayParts[Name][] = [];
      for (const page of pagesOf(part, appIds, upToBatch)) {
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
    },

    readPayload(payloadHash) {
      const body = guarded(() => selectPayload.get(payloadHash))?.['body'];
      return body instanceof Uint8Array ? Uint8Array.from(unpack(body)) : undefined;
    },

    [Symbol.dispose]() {
      database.close();
    },
  };
}

interface Row {
  readonly appId: string;
  readonly batch: number;
  readonly part: Uint8Array;
}

function rowOf(columns: Record<string, unknown>): Row {
  const { app_id: appId, batch, part } = columns;
  if (typeof appId !== 'string' || typeof batch !== 'number' || !(part instanceof Uint8Array)) {
    throw new ScenedimError('internal', 'a row of the overlay is not as it was written');
  }
  return { appId, batch, part };
}

/** Large blobs are compressed, small ones are not: a compressor costs more than it saves. The first byte tells which. */
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

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ScenedimError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ScenedimError('file_unusable', `the temporary file of the plan cannot be used: ${reason}`, {
      remedy: 'free space in the folder for temporary files, or name another folder in SQLITE_TMPDIR',
      cause: error,
    });
  }
}
