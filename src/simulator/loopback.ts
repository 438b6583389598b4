/** The simulator serves this machine only. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ScenedimError } from '../errors.ts';

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

const WECHAT_HOST = 'api.weixin.qq.com';

/** Listens on a loopback address and tells the URL. Throws `usage` for another address and for a port that is taken. */
export async function listenOnLoopback(server: Server, host: string, port: number): Promise<string> {
  if (!LOOPBACK_HOSTS.has(host)) {
    throw new ScenedimError('usage', `the simulator listens on loopback only, not on ${host}`, {
      remedy: 'use 127.0.0.1 or ::1',
    });
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const message = `the simulator cannot listen on ${host}:${port} (${cause.code})`;
      reject(new ScenedimError('usage', message, { remedy: 'choose another port, or 0 for any free one', cause }));
    });
    server.listen({ host: host === 'localhost' ? '127.0.0.1' : host, port, exclusive: true }, resolve);
  });
  const { port: taken, family, address } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`;
}

/**
 * A page in a browser could reach loopback under a name of its own; such a request names that in its Host header.
 * SDKs have WeChat's host built in; a proxy that leads them here keeps that name.
 */
export function isLoopbackName(hostHeader: string | undefined): boolean {
  if (hostHeader === undefined) return false;
  const name = hostHeader.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return LOOPBACK_HOSTS.has(name) || name === WECHAT_HOST;
}
