import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { formatHttpDate } from '../http-date.ts';
import type { Micros } from '../instant.ts';
import type { SimulatorReply } from './simulator-reply.ts';

const PIECES = 10;

/** Puts a reply on the wire, whole or broken as it says. Resolves when everything that will be sent was given to the socket. */
export async function deliverReply(
  response: ServerResponse,
  reply: SimulatorReply,
  now: Micros,
  signal: AbortSignal,
): Promise<void> {
  const { body, delivery } = reply;
  if (delivery === 'hang') return;
  if (delivery === 'reset') {
    response.socket?.destroy();
    return;
  }
  response.sendDate = false;
  const date = reply.dateOffset === null ? {} : { date: formatHttpDate(now + reply.dateOffset) };
  const length = delivery === 'streamed' ? {} : { 'content-length': body.length };
  response.writeHead(reply.status, { ...reply.headers, ...date, ...length, 'x-scenedim-simulator': '1' });
  if (delivery === 'reset_midway') {
    response.write(body.subarray(0, body.length >> 1), () => response.socket?.destroy());
    return;
  }
  if (delivery === 'slow') {
    const size = Math.ceil(body.length / PIECES);
    let sent = 0;
    for (; body.length - sent > size && !response.destroyed; sent += size) {
      response.write(body.subarray(sent, sent + size));
      await delay(reply.delayMs / PIECES, undefined, { signal }).catch(() => {});
    }
    response.end(body.subarray(sent));
    return;
  }
  response.end(body);
}
