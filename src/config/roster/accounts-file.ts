import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { problemOfAppId } from '../../dimension/app-id.ts';
import { ScenedimError } from '../../errors.ts';
import { openReadable } from '../../named-pipe.ts';
import { assertNoOtherEncoding, describeUnreadable, UnusableText } from '../../text-file.ts';
import { assertCommas, type ListedRow, readListedRows } from '../listed-rows.ts';
import type { AccountConfig } from './account-config.ts';

const START = 'start the file with a line like: app_id,secret_env';

const credentialColumns = ['secret_env', 'secret_file', 'token_env', 'token_file'] as const;

/** A list of accounts outside the config. */
export interface AccountsFile {
  /** For messages: the path as the config has it, or `stdin`. */
  readonly shown: string;
  open(signal: AbortSignal): Promise<Readable>;
}

/**
 * The accounts of a CSV file (UTF-8, header, comma) or of NDJSON: column or member `app_id`, and beside it at most one of
 * `secret_env`, `secret_file`, `token_env`, `token_file`; exactly one where `needsCredential`. Other columns are left alone, so
 * a list may carry names and notes. Streams; anything wrong is `config_invalid` with file and line.
 */
export async function* readAccountsFile(
  file: AccountsFile,
  needsCredential: boolean,
  signal: AbortSignal,
): AsyncGenerator<AccountConfig> {
  const { shown } = file;
  const seen = new Map<string, number>();
  let isEmpty = true;
  try {
    const checkHeader = (header: readonly string[]) => {
      isEmpty = false;
      assertHeader(header, needsCredential, shown);
    };
    for await (const row of readListedRows(textOnly(await file.open(signal), shown), shown, checkHeader)) {
      const place = `${shown}:${row.line}`;
      const account = accountOf(row, needsCredential, place);
      const earlier = seen.get(account.appId);
      if (earlier !== undefined) {
        const message = `${place}: ${account.appId} is listed already in line ${earlier}`;
        throw invalid(message, 'list every account once');
      }
      seen.set(account.appId, row.line);
      yield account;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw described(error, shown);
  }
  if (seen.size > 0) return;
  if (isEmpty) throw invalid(`${shown}: no account is listed, because the file is empty`, START);
  throw invalid(
    `${shown}: no account is listed`,
    'add a line for each account below the header, its app id and where its credential is',
  );
}

/**
 * The variables that such a file names in `secret_env` and `token_env`. None of a pipe, which can be read only once, and none of
 * a file with a mistake, which {@link readAccountsFile} tells.
 */
export async function variablesOfAccountsFile(path: string, signal: AbortSignal): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    if (!(await stat(path)).isFile()) return [];
    for await (const { appSecret, accessToken } of readAccountsFile(fileAt(path, path), false, signal)) {
      const reference = appSecret ?? accessToken;
      if (reference !== undefined && 'env' in reference) names.push(reference.env);
    }
  } catch {
    signal.throwIfAborted();
  }
  return names;
}

/** `shown` is what messages call it. */
export function fileAt(path: string, shown: string): AccountsFile {
  return { shown, open: (signal) => openReadable(path, signal) };
}

async function* textOnly(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    assertNoOtherEncoding(chunk, path);
    yield chunk;
  }
}

function assertHeader(header: readonly string[], needsCredential: boolean, shown: string): void {
  const hasCredential = credentialColumns.some((column) => header.includes(column));
  if (header.includes('app_id') && (hasCredential || !needsCredential)) return;
  assertCommas(header, shown);
  const columns = needsCredential ? ` and one of ${credentialColumns.join(', ')}` : '';
  const misspelled = header.find((name) => name !== 'app_id' && /^app[ _-]?id$/i.test(name));
  const hint = misspelled === undefined ? '' : `; it has ${misspelled} in place of app_id`;
  throw invalid(`${shown}:1: the header must name app_id${columns}${hint}`, START);
}

function accountOf({ columns }: ListedRow, needsCredential: boolean, place: string): AccountConfig {
  const appId = textOf(columns, 'app_id', place) ?? '';
  const problem = problemOfAppId(appId);
  if (problem !== undefined) {
    throw invalid(`${place}: app_id ${problem}`, 'write the AppID that mp.weixin.qq.com shows');
  }
  const [credential, ...others] = credentialColumns.filter((column) => columns[column] !== undefined);
  if (others.length > 0 || (credential === undefined && needsCredential)) {
    throw invalid(
      `${place}: ${appId} needs ${needsCredential ? 'exactly' : 'at most'} one of ${credentialColumns.join(', ')}`,
      'fill one of these columns and leave the others empty',
    );
  }
  if (credential === undefined) return { appId };
  const value = textOf(columns, credential, place) ?? '';
  const reference = credential.endsWith('_env') ? { env: value } : { file: value };
  return credential.startsWith('secret') ? { appId, appSecret: reference } : { appId, accessToken: reference };
}

/** A member of NDJSON may be anything. */
function textOf(columns: ListedRow['columns'], name: string, place: string): string | undefined {
  const value = columns[name];
  if (value === undefined || typeof value === 'string') return value;
  throw invalid(`${place}: ${name} must be a text`, 'put it into quotation marks');
}

function invalid(message: string, remedy: string): ScenedimError {
  return new ScenedimError('config_invalid', message, { remedy });
}

function described(error: unknown, shown: string): unknown {
  if (error instanceof UnusableText || (error instanceof Error && 'syscall' in error)) {
    const own = 'correct source.accounts.file; it is relative to the config file';
    const { why, remedy } = describeUnreadable(error, own);
    return new ScenedimError('config_invalid', `accounts file ${shown} ${why}`, { remedy, cause: error });
  }
  return error;
}
