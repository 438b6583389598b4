import { hash } from 'node:crypto';

/** sha256 hex of the bytes of a body. */
export function hashPayload(body: Uint8Array): string {
  return hash('sha256', body, 'hex');
}
