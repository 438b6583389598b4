import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { problemOfAppId } from '../dimension/app-id.ts';
import { ScenedimError } from '../errors.ts';
import { openReadable } from '../named-pipe.ts';
import { assertNoOtherEncoding, describeUnreadable, UnusableText } from '../text-file.ts';
import type { AccountConfig } from './account-config.ts';

/** A longer line is refused before it fills the memory. */
const MAX_RECORD_BYTES = 1_048_576;

const START = 'start the file with a line like: app_id,secret_env';

const credentialColumns = ['secret_env', 'secret_file', 'token_env', 'token_file'] as const;

/**
 * The accounts of a CSV file (UTF-8, header, comma): column `app_id`, and in each row exactly one
 * of `secret_env`, `secret_file`, `token_env`, `token_file` filled. Other columns are left alone,
 * so a list may carry names and notes. Streams; anything wrong is `config_invalid` with file and
 * line.
 */
export async function* readAccountsFile(
  path: string,
  shown: string,
  signal: AbortSignal,
): AsyncIterable<AccountConfig> {
  let isEmpty = true;
  const options = {
    bom: true,
    columns: (header: string[]) => {
      isEmpty = false;
      return checkHeader(header, shown);
    },
    info: true,
    max_record_size: MAX_RECORD_BYTES,
    skip_empty_lines: true,
    trim: true,
  } as const;
  const seen = new Map<string, number>();
  try {
    const file = await openReadable(path, signal);
    const rows = pipeline(
      file,
      (chunks) => textOnly(chunks, path),
      parse(options),
      () => {},
    );
    for await (const { info, record } of rows as AsyncIterable<CsvRow>) {
      const account = accountOf(record, `${shown}:${info.lines}`);
      const earlier = seen.get(account.appId);
      if (earlier !== undefined) {
        throw invalid(
          `${shown}:${info.lines}: ${account.appId} is listed already in line ${earlier}`,
          'list every account once',
        );
      }
      seen.set(account.appId, info.lines);
      yield account;
    }
  } catch (error) {
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
 * The variables that such a file names in `secret_env` and `token_env`. None of a file that is no
 * regular one, which can be read once only, or that cannot be used: its reader says why.
 */
export async function variablesOfAccountsFile(path: string, signal: AbortSignal): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    if (!(await stat(path)).isFile()) return [];
    for await (const account of readAccountsFile(path, path, signal)) {
      const reference = 'appSecret' in account ? account.appSecret : account.accessToken;
      if (reference !== undefined && 'env' in reference) names.push(reference.env);
    }
  } catch {
    signal.throwIfAborted();
  }
  return names;
}

async function* textOnly(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    assertNoOtherEncoding(chunk, path);
    yield chunk;
  }
}

interface CsvRow {
  readonly info: { readonly lines: number };
  readonly record: Readonly<Record<string, string>>;
}

/** What programs write into a CSV file in place of commas. */
const separators = [
  [';', 'semicolons'],
  ['\t', 'tabs'],
] as const;

function checkHeader(header: string[], shown: string): string[] {
  if (!header.includes('app_id') || !credentialColumns.some((column) => header.includes(column))) {
    const [only = ''] = header;
    const separator = header.length === 1 ? separators.find(([sign]) => only.includes(sign))?.[1] : undefined;
    if (separator !== undefined) {
      throw invalid(`${shown}:1: its values are separated by ${separator}`, 'save it as CSV with commas');
    }
    const columns = credentialColumns.join(', ');
    const misspelled = header.find((name) => name !== 'app_id' && /^app[ _-]?id$/i.test(name));
    const hint = misspelled === undefined ? '' : `; it has ${misspelled} in place of app_id`;
    throw invalid(`${shown}:1: the header must name app_id and one of ${columns}${hint}`, START);
  }
  return header;
}

function accountOf(record: Readonly<Record<string, string>>, place: string): AccountConfig {
  const appId = record['app_id'] ?? '';
  const problem = problemOfAppId(appId);
  if (problem !== undefined) {
    throw invalid(`${place}: app_id ${problem}`, 'write the AppID that mp.weixin.qq.com shows');
  }
  const [credential, ...others] = credentialColumns.filter((column) => (record[column] ?? '') !== '');
  if (credential === undefined || others.length > 0) {
    throw invalid(
      `${place}: ${appId} needs exactly one of ${credentialColumns.join(', ')}`,
      'fill one of these columns and leave the others empty',
    );
  }
  const value = record[credential] ?? '';
  const reference = credential.endsWith('_env') ? { env: value } : { file: value };
  return credential.startsWith('secret') ? { appId, appSecret: reference } : { appId, accessToken: reference };
}

function invalid(message: string, remedy: string): ScenedimError {
  return new ScenedimError('config_invalid', message, { remedy });
}

function flawOfCsv({ code, message }: CsvError): string {
  switch (code) {
    case 'CSV_RECORD_INCONSISTENT_COLUMNS':
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH':
      return 'the line has more or fewer values than the header';
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quotation mark opens a value, and none closes it';
    case 'CSV_INVALID_CLOSING_QUOTE':
    case 'INVALID_OPENING_QUOTE':
      return 'a quotation mark stands inside a value';
    case 'CSV_MAX_RECORD_SIZE':
      return 'the line has more than 1 MiB';
    default:
      return message;
  }
}

function described(error: unknown, shown: string): unknown {
  if (error instanceof CsvError) {
    const place = typeof error.lines === 'number' ? `${shown}:${error.lines}` : shown;
    return new ScenedimError('config_invalid', `${place}: ${flawOfCsv(error)}`, {
      remedy: 'give every line as many commas as the header has, and put a value that holds a comma into "…"',
      cause: error,
    });
  }
  if (error instanceof UnusableText || (error instanceof Error && 'syscall' in error)) {
    const own = 'correct source.accounts.file; it is relative to the config file';
    const { why, remedy } = describeUnreadable(error, own);
    return new ScenedimError('config_invalid', `accounts file ${shown} ${why}`, { remedy, cause: error });
  }
  return error;
}
