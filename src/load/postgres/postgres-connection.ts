import { Socket } from 'node:net';
import pg from 'pg';
import { messageOf } from '../../error-text.ts';
import { ScenedimError } from '../../errors.ts';
import type { Micros } from '../../instant.ts';

/** How long a connection that is open already may wait for a pooler to find a server, in milliseconds. */
export const POOLER_WAIT_MS = 5_000;

/** How long connecting may take when nobody said so. */
const DEFAULT_LIMIT_MS = 10_000;

/** How long a goodbye may take before the socket is closed without it. */
const GOODBYE_MS = 1_000;

const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED';

/** Settings that would end a session or a statement of ours, because somebody is slow. */
const limits = [
  'statement_timeout',
  'transaction_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
] as const;

/**
 * The server asks after a silent client from this many seconds on, and ends its session within another minute. By default it
 * asks after two hours, and for so long the session of a machine that vanished would keep its locks.
 */
const ASK_AFTER_SECONDS = 60;
const askSooner = [
  `SET LOCAL tcp_keepalives_idle = ${ASK_AFTER_SECONDS}`,
  'SET LOCAL tcp_keepalives_interval = 10',
  'SET LOCAL tcp_keepalives_count = 6',
];

/**
 * A connection that has answered. A pooler may take a connection that no server serves yet, so the first statement is part
 * of connecting.
 */
export class PostgresConnection {
  readonly client: pg.Client;
  /** What the server says about itself. */
  readonly isReadOnly: boolean;
  readonly isStandby: boolean;
  /** What time it was by the server when it answered. */
  readonly serverTime: Micros;
  readonly #limits: readonly Limit[];
  /** The statements that follow each BEGIN, each with a semicolon before it. */
  readonly #afterBegin: string;
  readonly #isPathOdd: boolean;
  readonly #socket: Socket;
  #isClosed = false;

  private constructor(
    client: pg.Client,
    socket: Socket,
    { read_only, standby, array_nulls, odd_path, asks_late, now, limits: found }: ServerState,
  ) {
    this.client = client;
    this.#socket = socket;
    this.isReadOnly = read_only;
    this.isStandby = standby;
    this.serverTime = BigInt(now);
    this.#limits = found;
    this.#isPathOdd = odd_path;
    const settings = [
      ...(array_nulls ? [] : ['SET LOCAL array_nulls = on']),
      ...(odd_path ? ['SET LOCAL search_path = pg_catalog'] : []),
      ...(asks_late ? askSooner : []),
    ];
    this.#afterBegin = settings.map((statement) => `; ${statement}`).join('');
    // A server that ends an idle connection says so first: from then on the client takes no statement.
    for (const event of ['error', 'end'] as const) {
      client.on(event, () => {
        this.#isClosed = true;
      });
    }
  }

  /** Connects, or rejects after `connectionTimeoutMillis`; an abort rejects at once. */
  static async open(options: pg.ClientConfig, signal: AbortSignal): Promise<PostgresConnection> {
    signal.throwIfAborted();
    const socket = new Socket();
    const client = new pg.Client({ ...options, stream: () => socket });
    // A connection that breaks fails its statement too. Without a listener it ends the process.
    client.on('error', () => {});
    const close = () => void socket.destroy();
    signal.addEventListener('abort', close, { once: true });
    const limitMs = options.connectionTimeoutMillis ?? DEFAULT_LIMIT_MS;
    let isTaken = false;
    socket.once('connect', () => {
      isTaken = true;
    });
    try {
      await client.connect().catch((error: unknown) => {
        throw isTaken && messageOf(error) === 'timeout expired' ? noAnswer(limitMs) : error;
      });
      const state = await answerWithin(limitMs, askState(client), () => socket.destroy());
      return new PostgresConnection(client, socket, state);
    } catch (error) {
      // `pg` leaves the socket open, which keeps the process alive and the server waiting.
      socket.destroy();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', close);
    }
  }

  get isClosed(): boolean {
    return this.#isClosed || this.#socket.destroyed;
  }

  /**
   * Begins a transaction that may last, although the role or the database has time-outs: it holds nothing up. `SET LOCAL`
   * leaves nothing behind on a connection of a pooler. A statement_timeout that the url names is kept. `modeAndMore` goes on
   * behind BEGIN: ` READ ONLY`, and further statements behind a semicolon.
   */
  async beginUnlimited(modeAndMore = ''): Promise<void> {
    const lifted = this.#limits.filter(({ name, own }) => !own || name !== 'statement_timeout');
    const statements = lifted.map(({ name }) => `; SET LOCAL ${name} = 0`).join('');
    await this.client.query(`${BEGIN}${modeAndMore}${this.#afterBegin}${statements}`);
  }

  /** Begins a transaction that writes: the time-outs of the role protect others from it. */
  async begin(): Promise<void> {
    await this.client.query(`${BEGIN}${this.#afterBegin}`);
  }

  /**
   * True when a statement that stands alone would be cut short by the role or the database, or would call what other schemas of
   * their search_path put in place of the server's own functions.
   */
  get needsTransaction(): boolean {
    return (
      this.#isPathOdd || this.#limits.some(({ name, own }) => !own && name !== 'idle_in_transaction_session_timeout')
    );
  }

  /** Whether the connection keeps the process alive. */
  keepAlive(isWanted: boolean): void {
    if (isWanted) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Closes the connection without a word; the server rolls back. */
  destroy(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  /** Says goodbye; a server that does not answer is not waited for. */
  async end(): Promise<void> {
    const giveUp = setTimeout(() => this.#socket.destroy(), GOODBYE_MS);
    await this.client.end().catch(() => {});
    clearTimeout(giveUp);
    this.#isClosed = true;
  }
}

interface Limit {
  readonly name: (typeof limits)[number];
  /** True when the url or PGOPTIONS asked for it. */
  readonly own: boolean;
}

interface ServerState {
  readonly read_only: boolean;
  readonly standby: boolean;
  readonly array_nulls: boolean;
  /** True when another schema is searched before the one of the server. */
  readonly odd_path: boolean;
  /** True when the server asks after a silent client later than we want; never on a Unix socket. */
  readonly asks_late: boolean;
  /** In microseconds. */
  readonly now: string;
  readonly limits: readonly Limit[];
}

async function askState(client: pg.Client): Promise<ServerState> {
  const isLimited = limits
    .map((name) => `coalesce(pg_catalog.current_setting('${name}', true), '0') <> '0'`)
    .join(' OR ');
  const { rows } = await client.query<Omit<ServerState, 'limits'> & { readonly limited: boolean }>(
    `SELECT pg_catalog.current_setting('transaction_read_only') = 'on' AS read_only, pg_catalog.pg_is_in_recovery() AS standby,
       pg_catalog.current_setting('array_nulls') = 'on' AS array_nulls,
       (pg_catalog.current_schemas(true))[1] <> 'pg_catalog' AS odd_path, ${isLimited} AS limited,
       coalesce(pg_catalog.current_setting('tcp_keepalives_idle', true), '0')::integer > ${ASK_AFTER_SECONDS} AS asks_late,
       (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint::text AS now`,
  );
  const { limited = false, ...state } = rows[0] ?? usualState;
  return { ...state, limits: limited ? await askLimits(client) : [] };
}

const usualState: Omit<ServerState, 'limits'> & { readonly limited?: boolean } = {
  read_only: false,
  standby: false,
  array_nulls: true,
  odd_path: false,
  asks_late: false,
  now: '0',
};

/** Planning a SELECT of this view takes longer than all else that is asked, so it is asked only where a limit is set. */
async function askLimits(client: pg.Client): Promise<readonly Limit[]> {
  const { rows } = await client.query<Limit>(
    `SELECT name, source = 'client' AS own FROM pg_catalog.pg_settings
     WHERE name IN (${limits.map((name) => `'${name}'`).join(', ')}) AND setting <> '0'`,
  );
  return rows;
}

/**
 * Waits for an answer, at most for so long; then it calls `giveUp` and rejects with `target_unreachable`. A pooler that has no
 * connection left would be waited for in vain.
 */
export async function answerWithin<T>(limitMs: number, answer: Promise<T>, giveUp: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      giveUp();
      reject(noAnswer(limitMs));
    }, limitMs);
  });
  answer.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function noAnswer(limitMs: number): ScenedimError {
  return new ScenedimError(
    'target_unreachable',
    `the database took the connection, but did not answer within ${limitMs / 1_000} s; scenedim needs 2 connections at once`,
    { remedy: 'check the server; behind a pooler, let it give two connections at once (default_pool_size)' },
  );
}
