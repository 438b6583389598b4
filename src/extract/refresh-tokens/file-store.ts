import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { abortable } from '../../abortable.ts';
import { ScenedimError } from '../../errors.ts';
import type { RefreshTokenChange, RefreshTokenStore } from '../../platform-stores.ts';
import { acquireFileLock } from '../../process/file-lock.ts';
import { asFileError, followLinks, formatTokens, readTokens, replaceFile, withTokens } from './token-file.ts';

export interface RefreshTokenFileOptions {
  /** How long to wait for another process that has locked the file, in milliseconds. Default: 0. */
  readonly waitMs?: number;
  /** Called once when another process is waited for; `leftMs` is the longest wait. */
  readonly onWait?: (message: string, leftMs: number) => void;
}

/** Disposing waits for the write under way, then unlocks the file. */
export type RefreshTokenFile = RefreshTokenStore & AsyncDisposable;

/**
 * Refresh tokens in a JSON file of mode 0600: `{ "<app_id>": "<refresh token>", … }`. A missing
 * file counts as empty, and the first change creates it. Each write replaces the whole file;
 * changes that come meanwhile are written together by the next one. The file is locked from the
 * first use to the disposal of the store: another process gets `lock_held`. `file_unusable` when
 * the file is damaged, or cannot be read or written; it then keeps its content. An abort ends the
 * wait for a change, not the change itself.
 */
export function openRefreshTokenFile(path: string, options: RefreshTokenFileOptions = {}): RefreshTokenFile {
  return new TokenFileStore(path, options);
}

interface WaitingChanges {
  readonly changes: readonly RefreshTokenChange[];
  readonly resolve: (replaced: ReadonlySet<string>) => void;
  readonly reject: (error: unknown) => void;
}

class TokenFileStore implements RefreshTokenFile {
  readonly #path: string;
  readonly #options: RefreshTokenFileOptions;
  readonly #closed = new AbortController();
  #lock: Promise<LockedFile> | undefined;
  /** What the file holds; undefined when it must be read. */
  #stored: Map<string, string> | undefined;
  #waiting: WaitingChanges[] = [];
  #writing: Promise<void> | undefined;

  constructor(path: string, options: RefreshTokenFileOptions) {
    this.#path = path;
    this.#options = options;
  }

  async read(appIds: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    signal.throwIfAborted();
    const stored = await abortable(this.#read(), signal);
    return new Map(
      appIds.flatMap((appId) => {
        const token = stored.get(appId);
        return token === undefined ? [] : [[appId, token] as const];
      }),
    );
  }

  async replace(changes: readonly RefreshTokenChange[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    signal.throwIfAborted();
    if (this.#closed.signal.aborted) throw this.#closed.signal.reason;
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlySet<string>>();
    this.#waiting.push({ changes, resolve, reject });
    this.#writing ??= this.#writeAll();
    return abortable(promise, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new ScenedimError('internal', `the file ${this.#path} is used after it was closed`));
    await this.#writing;
    const locked = await this.#lock?.catch(() => undefined);
    locked?.lock[Symbol.dispose]();
    this.#lock = undefined;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      await this.#writeGroup(group);
    }
    this.#writing = undefined;
  }

  /** Nobody hears of a change before it is on the disk, and none shows in what is read. */
  async #writeGroup(group: readonly WaitingChanges[]): Promise<void> {
    try {
      const stored = await this.#read();
      const changed = new Map<string, string>();
      const results = group.map(({ changes }) => takeChanges(stored, changed, changes));
      if (changed.size > 0) await this.#write(withTokens(stored, changed), changed);
      for (const [n, { resolve }] of group.entries()) resolve(results[n] ?? new Set());
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  async #write(tokens: Map<string, string>, changed: ReadonlyMap<string, string>): Promise<void> {
    const { target } = await this.#locked();
    await replaceFile(target, formatTokens(tokens, changed)).catch((error: unknown) => {
      // The file may hold the old tokens or the new ones.
      this.#stored = undefined;
      throw asFileError(this.#path, error);
    });
    for (const [appId, token] of changed) tokens.set(appId, token);
    this.#stored = tokens;
  }

  async #read(): Promise<Map<string, string>> {
    const { target } = await this.#locked();
    if (this.#stored !== undefined) return this.#stored;
    const stored = await readTokens(target, this.#closed.signal).catch((error: unknown) => {
      throw asFileError(this.#path, error);
    });
    // A write may have finished meanwhile.
    this.#stored ??= stored;
    return this.#stored;
  }

  #locked(): Promise<LockedFile> {
    if (this.#lock !== undefined) return this.#lock;
    if (this.#closed.signal.aborted) return Promise.reject(this.#closed.signal.reason);
    const lock = this.#takeLock();
    this.#lock = lock;
    // The next use tries again.
    lock.catch(() => {
      if (this.#lock === lock) this.#lock = undefined;
    });
    return lock;
  }

  async #takeLock(): Promise<LockedFile> {
    const { waitMs = 0, onWait } = this.#options;
    try {
      const target = await followLinks(this.#path);
      await access(dirname(target), constants.W_OK | constants.X_OK);
      const file = `${target}.lock`;
      const lock = await acquireFileLock(file, {
        waitMs,
        signal: this.#closed.signal,
        ...(onWait !== undefined && { onWait }),
        held: (who) =>
          new ScenedimError('lock_held', `the refresh tokens are in use: ${target} is held by ${who}`, {
            remedy:
              'run again later, or end that process: the lock ends with it; shards need tokenStore: { target: true }',
          }),
        damaged: (cause) =>
          new ScenedimError('file_unusable', `${file} is damaged`, {
            remedy: 'delete it while no scenedim uses the refresh tokens',
            cause,
          }),
      });
      return { target, lock };
    } catch (error) {
      throw asFileError(this.#path, error);
    }
  }
}

interface LockedFile {
  /** The file itself, where a link ends. */
  readonly target: string;
  readonly lock: Disposable;
}

/** Adds the changes whose expected token is stored to `changed`, and returns their accounts. */
function takeChanges(
  stored: ReadonlyMap<string, string>,
  changed: Map<string, string>,
  changes: readonly RefreshTokenChange[],
): ReadonlySet<string> {
  const taken = changes.filter(({ appId, expected }) => (changed.get(appId) ?? stored.get(appId) ?? null) === expected);
  for (const { appId, token } of taken) changed.set(appId, token);
  return new Set(taken.map(({ appId }) => appId));
}
