import { randomBytes } from 'node:crypto';
import type { Micros } from '../../instant.ts';

/** A UUID of version 7 (RFC 9562): it begins with the time, so that ids sort as the runs do. */
export function uuidV7(time: Micros): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Number(time / 1000n), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
