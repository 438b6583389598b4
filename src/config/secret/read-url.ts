import { ScenedimError } from '../../errors.ts';
import { type HttpAnswer, type HttpClient, HttpError } from '../../extract/http-client.ts';

/** The answer to a GET request. Errors name the host alone: the rest of the url may hold a token. */
export async function readUrl(
  url: string,
  headers: Readonly<Record<string, string>>,
  http: HttpClient,
  signal: AbortSignal,
): Promise<string> {
  const { origin, host, pathname, search } = new URL(url);
  assertHeaders(headers);
  let answer: HttpAnswer;
  try {
    answer = await http.send(origin, { method: 'GET', path: pathname + search, headers }, signal);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    throw new ScenedimError('source_unreachable', error.message, { remedy: lookAt(host), cause: error });
  }
  const { status, body } = answer;
  if (status === 200) return Buffer.from(body).toString('utf8');
  const isBusy = status >= 500 || status === 429;
  const message = `${host} answered ${status}${status >= 300 && status < 400 ? ', and no redirect is followed' : ''}`;
  throw new ScenedimError(isBusy ? 'source_unreachable' : 'config_invalid', message, {
    remedy: isBusy ? lookAt(host) : 'correct the url or the headers of this secret',
  });
}

function lookAt(host: string): string {
  return `see that ${host} is up and can be reached from here, then run again`;
}

function assertHeaders(headers: Readonly<Record<string, string>>): void {
  const wrong = Object.keys(headers).find((name) => !/^[\t\x20-\x7e\x80-\xff]*$/.test(headers[name] ?? ''));
  if (wrong === undefined) return;
  throw new ScenedimError('config_invalid', `the header ${wrong} holds line ends or characters that no header has`, {
    remedy: 'correct its value',
  });
}
