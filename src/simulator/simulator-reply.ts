import type { SceneRow } from './scene-lists.ts';

/** How an answer is put on the wire. */
export type Delivery = 'whole' | 'streamed' | 'slow' | 'hang' | 'reset' | 'reset_midway';

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

/** Stands for the rid until the answer gets one of its own. */
export const RID_PLACE = '00000000-00000000-00000000';

export function jsonReply(value: object, errcode: number | null = 0, status = 200): SimulatorReply {
  return bytesReply(Buffer.from(JSON.stringify(value)), { errcode, status });
}

/** An error as WeChat gives it: HTTP 200, and a `rid` for its support. */
export function errorReply(code: number, errmsg: string, status = 200): SimulatorReply {
  return jsonReply({ errcode: code, errmsg: `${errmsg} rid: ${RID_PLACE}` }, code, status);
}

export function sceneListReply(rows: readonly SceneRow[]): SimulatorReply {
  return jsonReply({ errcode: 0, errmsg: 'ok', scene: rows });
}

export function bytesReply(body: Buffer, differences: Partial<SimulatorReply> = {}): SimulatorReply {
  const headers = { 'content-type': 'application/json; encoding=utf-8' };
  return { status: 200, headers, body, delivery: 'whole', delayMs: 0, errcode: 0, dateOffset: 0n, ...differences };
}

export function htmlReply(status: number, title: string): SimulatorReply {
  const body = Buffer.from(
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
  );
  return bytesReply(body, { status, headers: { 'content-type': 'text/html' }, errcode: null });
}
