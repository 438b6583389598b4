import type { SimulatorFault } from './fault-plan.ts';
import type { SceneRow } from './scene-lists.ts';
import { errcodeOfFault } from './simulator-faults.ts';

/** How an answer is put on the wire. */
export const deliveries = ['whole', 'streamed', 'slow', 'hang', 'reset', 'reset_midway'] as const;
export type Delivery = (typeof deliveries)[number];

/** What the simulator answers. */
export interface SimulatorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly delivery: Delivery;
  /** For `slow`: how long the whole body takes, in milliseconds. */
  readonly delayMs: number;
  /** Of the body; 0 when it is good, null when it is no answer of WeChat's. */
  readonly errcode: number | null;
  /** How far the Date header is off, in microseconds; null for none. */
  readonly dateOffset: bigint | null;
}

/** What the caller sent and a fault may echo; empty when it sent none. */
export interface SentSecrets {
  readonly token: string;
  readonly secret: string;
}

const RID = 'rid: 617682e0-09059ac5-34a8e2ea';
const HOUR = 3_600_000_000n;

export function jsonReply(value: object, errcode: number | null = 0, status = 200): SimulatorReply {
  return bytesReply(Buffer.from(JSON.stringify(value)), { errcode, status });
}

/** An error as WeChat gives it: HTTP 200, and a `rid` for its support. */
export function errorReply(code: number, errmsg: string, status = 200): SimulatorReply {
  return jsonReply({ errcode: code, errmsg: `${errmsg} ${RID}` }, code, status);
}

export function sceneListReply(rows: readonly SceneRow[]): SimulatorReply {
  return jsonReply({ errcode: 0, errmsg: 'ok', scene: rows });
}

function bytesReply(body: Buffer, differences: Partial<SimulatorReply> = {}): SimulatorReply {
  const headers = { 'content-type': 'application/json; encoding=utf-8' };
  return { status: 200, headers, body, delivery: 'whole', delayMs: 0, errcode: 0, dateOffset: 0n, ...differences };
}

function htmlReply(status: number, title: string): SimulatorReply {
  const body = Buffer.from(
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
  );
  return bytesReply(body, { status, headers: { 'content-type': 'text/html' }, errcode: null });
}

/** The answer as the fault spoils it; `rows` is the list of the account, empty for a token. */
export function spoilReply(
  reply: SimulatorReply,
  fault: SimulatorFault,
  rows: readonly SceneRow[],
  sent: SentSecrets,
): SimulatorReply {
  const error = errcodeOfFault(fault.fault, fault.code ?? 0);
  if (error !== undefined) return errorReply(error.code, error.errmsg);
  const list = (scene: unknown) => jsonReply({ errcode: 0, errmsg: 'ok', scene });
  const raw = (change: (text: string) => string) => bytesReply(Buffer.from(change(reply.body.toString('utf8'))));
  const append = (row: string) => raw((text) => text.replace(/\]\}$/, `,${row}]}`));

  switch (fault.fault) {
    case 'echo_secret':
      return errorReply(99998, echo(sent));
    case 'http_400_json':
      return errorReply(48001, 'api unauthorized', 400);
    case 'html_502':
      return htmlReply(502, '502 Bad Gateway');
    case 'html_504':
      return htmlReply(504, '504 Gateway Time-out');
    case 'not_found':
      return htmlReply(404, '404 Not Found');
    case 'redirect':
      return { ...htmlReply(302, '302 Found'), headers: { 'content-type': 'text/html', location: '/elsewhere' } };
    case 'not_json':
      return htmlReply(200, 'Sign in to the network');
    case 'empty_body':
      return bytesReply(Buffer.alloc(0), { errcode: null });
    case 'cut_off':
      return { ...reply, body: reply.body.subarray(0, reply.body.length >> 1), errcode: null };
    case 'huge_body':
      return bytesReply(Buffer.from(JSON.stringify({ errcode: 0, errmsg: 'ok', padding: 'x'.repeat(2_097_152) })), {
        delivery: 'streamed',
      });
    case 'slow':
      return { ...reply, delivery: 'slow', delayMs: fault.delayMs ?? 200 };
    case 'hang':
      return { ...reply, delivery: 'hang', errcode: null };
    case 'socket_reset':
    case 'stale_keep_alive':
      return { ...reply, delivery: 'reset', errcode: null };
    case 'reset_midway':
      return { ...reply, delivery: 'reset_midway', errcode: null };
    case 'wrong_date':
      return { ...reply, dateOffset: HOUR };
    case 'no_date':
      return { ...reply, dateOffset: null };
    case 'text_plain':
      return { ...reply, headers: { 'content-type': 'text/plain' } };
    case 'control_characters':
      // A vertical tab at the end of a name is white space, so the list says the same as without it.
      return raw((text) => text.replace('"errmsg":"ok"', '"errmsg":"ok\u0007"').replace('全部"', '全部\u000b"'));
    case 'invalid_utf8':
      return bytesReply(
        Buffer.concat([
          reply.body.subarray(0, -2),
          Buffer.from(',{"name":"'),
          Buffer.from([0xff, 0xfe]),
          Buffer.from('","value":58}]}'),
        ]),
      );
    case 'no_errcode':
      return jsonReply({ scene: rows });
    case 'missing_scene':
      return jsonReply({ errcode: 0, errmsg: 'ok' });
    case 'null_scene':
      return list(null);
    case 'empty_list':
      return list([]);
    case 'keyless_row':
      return append('{"name":"无值"}');
    case 'nameless_row':
      return append('{"name":"","value":58}');
    case 'conflict':
      return append('{"name":"另一个名字","value":1}');
    case 'string_values':
      return list(rows.map(({ name, value }) => ({ name, value: String(value) })));
    case 'big_numbers':
      return append(
        '{"name":"大数","value":9007199254740993},{"name":"更大数","value":123456789012345678901234567890}',
      );
    case 'secret_in_answer':
      return append(JSON.stringify({ name: sent.token, value: 58 }));
    case 'malformed_token':
      return raw((text) => text.replace(/,"expires_in":\d+/, ''));
    default:
      throw new Error(`the fault ${fault.fault} has no reply`);
  }
}

/** Raw, percent-encoded, base64, in JSON and cut off: what error texts have been seen to do with what they were sent. */
function echo({ token, secret }: SentSecrets): string {
  const base64 = Buffer.from(`user:${token}${secret}`).toString('base64');
  const json = JSON.stringify({ access_token: token, secret });
  return `bad call ?access_token=${encodeURIComponent(token)}&secret=${secret} [${token}] [${secret}] ${json} ${base64} ${token.slice(0, 40)}`;
}
