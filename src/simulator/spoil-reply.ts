import { gzipSync } from 'node:zlib';
import type { SimulatorFault } from './fault-plan.ts';
import type { SceneRow } from './scene-lists.ts';
import { errcodeOfFault, type SimulatorFaultName } from './simulator-faults.ts';
import {
  bytesReply,
  errorReply,
  htmlReply,
  jsonReply,
  RID_PLACE,
  type SentSecrets,
  type SimulatorReply,
} from './simulator-reply.ts';

/**
 * The answer as the fault spoils it; `rows` is the list of the account, empty for a token. The
 * right answer is made, and with it what it stands for is done, only by faults that send some of it
 * or lose it on the way. `elsewhere` is a URL of another host.
 */
export function spoilReply(
  answer: () => SimulatorReply,
  fault: SimulatorFault,
  rows: readonly SceneRow[],
  sent: SentSecrets,
  elsewhere: string,
): SimulatorReply {
  const error = errcodeOfFault(fault.fault, fault.code ?? 0);
  if (error !== undefined) return errorReply(error.code, error.errmsg);
  const spoil = spoilers[fault.fault];
  if (spoil === undefined) throw new Error(`the fault ${fault.fault} has no reply`);
  return spoil({
    get reply() {
      return answer();
    },
    fault,
    rows,
    sent,
    elsewhere,
  });
}

interface Given {
  /** Makes the right answer when it is read, once. */
  readonly reply: SimulatorReply;
  readonly fault: SimulatorFault;
  readonly rows: readonly SceneRow[];
  readonly sent: SentSecrets;
  readonly elsewhere: string;
}

const MEBIBYTE = 1_048_576;
const NESTING = 100_000;
const HOUR = 3_600_000_000n;

/** What each fault makes of a good answer; faults that are an errcode are not listed. */
const spoilers: Readonly<Partial<Record<SimulatorFaultName, (given: Given) => SimulatorReply>>> = {
  echo_secret: ({ sent }) => errorReply(99998, echo(sent)),
  system_busy_rid: () => jsonReply({ errcode: -1, rid: RID_PLACE }, -1),
  http_400_json: () => errorReply(48001, 'api unauthorized', 400),
  html_502: () => htmlReply(502, '502 Bad Gateway'),
  html_504: () => htmlReply(504, '504 Gateway Time-out'),
  not_found: () => htmlReply(404, '404 Not Found'),
  redirect: () => ({
    ...htmlReply(302, '302 Found'),
    headers: { 'content-type': 'text/html', location: '/elsewhere' },
  }),
  redirect_elsewhere: ({ elsewhere }) => ({
    ...htmlReply(302, '302 Found'),
    headers: { 'content-type': 'text/html', location: elsewhere },
  }),
  not_json: () => htmlReply(200, 'Sign in to the network'),
  empty_body: () => bytesReply(Buffer.alloc(0), { errcode: null }),
  cut_off: ({ reply }) => ({ ...reply, body: reply.body.subarray(0, reply.body.length >> 1), errcode: null }),
  huge_body: () =>
    bytesReply(Buffer.from(JSON.stringify({ errcode: 0, errmsg: 'ok', padding: 'x'.repeat(2_097_152) })), {
      delivery: 'streamed',
    }),
  largest_body: ({ reply }) => padded(reply, MEBIBYTE),
  too_large_body: ({ reply }) => padded(reply, MEBIBYTE + 1),
  deep_nesting: () => {
    const scene = '['.repeat(NESTING) + ']'.repeat(NESTING);
    return bytesReply(Buffer.from(`{"errcode":0,"errmsg":"ok","scene":${scene}}`));
  },
  byte_order_mark: ({ reply }) => ({ ...reply, body: Buffer.concat([Buffer.from('\ufeff'), reply.body]) }),
  gzip: ({ reply }) => {
    return { ...reply, body: gzipSync(reply.body), headers: { ...reply.headers, 'content-encoding': 'gzip' } };
  },
  slow: ({ reply, fault }) => ({ ...reply, delivery: 'slow', delayMs: fault.delayMs ?? 200 }),
  hang: ({ reply }) => ({ ...reply, delivery: 'hang', errcode: null }),
  socket_reset: ({ reply }) => ({ ...reply, delivery: 'reset', errcode: null }),
  stale_keep_alive: ({ reply }) => ({ ...reply, delivery: 'reset', errcode: null }),
  reset_midway: ({ reply }) => ({ ...reply, delivery: 'reset_midway', errcode: null }),
  wrong_date: ({ reply }) => ({ ...reply, dateOffset: HOUR }),
  no_date: ({ reply }) => ({ ...reply, dateOffset: null }),
  text_plain: ({ reply }) => ({ ...reply, headers: { 'content-type': 'text/plain' } }),
  // A vertical tab at the end of a name is white space, so the list says the same as without it.
  control_characters: ({ reply }) =>
    raw(reply, (text) => text.replace('"errmsg":"ok"', '"errmsg":"ok\u0007"').replace('全部"', '全部\u000b"')),
  invalid_utf8: ({ reply }) =>
    bytesReply(
      Buffer.concat([
        reply.body.subarray(0, -2),
        Buffer.from(',{"name":"'),
        Buffer.from([0xff, 0xfe]),
        Buffer.from('","value":58}]}'),
      ]),
    ),
  no_errcode: ({ rows }) => jsonReply({ scene: rows }),
  missing_scene: () => jsonReply({ errcode: 0, errmsg: 'ok' }),
  null_scene: () => list(null),
  empty_list: () => list([]),
  keyless_row: ({ reply }) => append(reply, '{"name":"无值"}'),
  nameless_row: ({ reply }) => append(reply, '{"name":"","value":58}'),
  conflict: ({ reply }) => append(reply, '{"name":"另一个名字","value":1}'),
  string_values: ({ rows }) => list(rows.map(({ name, value }) => ({ name, value: String(value) }))),
  big_numbers: ({ reply }) =>
    append(reply, '{"name":"大数","value":9007199254740993},{"name":"更大数","value":123456789012345678901234567890}'),
  secret_in_answer: ({ reply, sent }) => append(reply, JSON.stringify({ name: sent.token, value: 58 })),
  malformed_token: ({ reply }) => raw(reply, (text) => text.replace(/,"expires_in":\d+/, '')),
  empty_page: ({ reply }) => raw(reply, (text) => text.replace(/"list":\[.*\]/s, '"list":[]')),
  empty_refresh_token: ({ reply }) =>
    raw(reply, (text) => text.replace(/("authorizer_refresh_token":)"[^"]*"/, '$1""')),
};

function list(scene: unknown): SimulatorReply {
  return jsonReply({ errcode: 0, errmsg: 'ok', scene });
}

function padded(reply: SimulatorReply, length: number): SimulatorReply {
  return { ...reply, body: Buffer.concat([reply.body, Buffer.alloc(length - reply.body.length, ' ')]) };
}

function raw(reply: SimulatorReply, change: (text: string) => string): SimulatorReply {
  return bytesReply(Buffer.from(change(reply.body.toString('utf8'))));
}

function append(reply: SimulatorReply, row: string): SimulatorReply {
  return raw(reply, (text) => text.replace(/\]\}$/, `,${row}]}`));
}

/** Raw, percent-encoded, base64, in JSON and cut off: what error texts have been seen to do with what they were sent. */
function echo({ token, secret }: SentSecrets): string {
  const base64 = Buffer.from(`user:${token}${secret}`).toString('base64');
  const json = JSON.stringify({ access_token: token, secret });
  return `bad call ?access_token=${encodeURIComponent(token)}&secret=${secret} [${token}] [${secret}] ${json} ${base64} ${token.slice(0, 40)}`;
}
