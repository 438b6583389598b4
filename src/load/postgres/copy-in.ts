import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** Sends chunks to a `COPY … FROM STDIN` as fast as the server takes them; returns the number of rows. */
export async function copyIn(client: pg.ClientBase, statement: string, chunks: Iterable<Buffer>): Promise<number> {
  const stream = client.query(copyFrom(statement));
  // A dead connection tells the stream nothing but 'error', and no 'drain' comes then.
  const failed = new Promise<never>((_, reject) => stream.on('error', reject));
  failed.catch(() => {});
  for (const chunk of chunks) {
    if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), failed]);
    // A socket that takes all at once drains without a turn of the event loop, for which others
    // wait.
    await Promise.race([setImmediate(), failed]);
  }
  stream.end();
  await Promise.race([once(stream, 'finish'), failed]);
  return stream.rowCount;
}
