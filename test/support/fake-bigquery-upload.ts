/** A load job's request as BigQuery reads it: two parts, the job and its rows. */
import { gunzipSync } from 'node:zlib';

/** What an upload carried. */
export interface FakeUpload {
  /** The job resource. */
  readonly job: Readonly<Record<string, unknown>>;
  /** The rows, parsed, in order. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Bytes of the second part as sent. */
  readonly bytes: number;
  readonly gzip: boolean;
}

/** Parses a `multipart/related` body with a job and an NDJSON file; throws when it is something else. */
export function parseUpload(contentType: string, body: Buffer): FakeUpload {
  const boundary = /^multipart\/related;.*boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) throw new Error(`not multipart/related: ${contentType}`);
  const [job, file, ...others] = partsOf(body, boundary);
  if (job === undefined || file === undefined || others.length > 0) throw new Error('an upload has two parts');
  const gzip = file[0] === 0x1f && file[1] === 0x8b;
  const lines = (gzip ? gunzipSync(file) : file).toString('utf8').split('\n');
  return {
    job: JSON.parse(job.toString('utf8')),
    rows: lines.filter((line) => line.trim() !== '').map((line) => JSON.parse(line)),
    bytes: file.length,
    gzip,
  };
}

function partsOf(body: Buffer, boundary: string): readonly Buffer[] {
  const delimiter = Buffer.from(`--${boundary}`);
  const parts: Buffer[] = [];
  for (let start = body.indexOf(delimiter); start >= 0; ) {
    const end = body.indexOf(delimiter, start + delimiter.length);
    if (end < 0) break;
    const part = body.subarray(start + delimiter.length, end);
    const content = part.indexOf('\r\n\r\n');
    if (content < 0) throw new Error('a part without headers');
    parts.push(trimLineEnd(part.subarray(content + 4)));
    start = end;
  }
  return parts;
}

function trimLineEnd(part: Buffer): Buffer {
  return part.subarray(-2).toString() === '\r\n' ? part.subarray(0, -2) : part;
}
