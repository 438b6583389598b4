/** A process of its own: `pglite-copy.ts DIRECTORY FILE` copies a file into an existing PGlite. */
import { readFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';

const [dataDir = '', file = ''] = process.argv.slice(2);
const database = await PGlite.create({ dataDir });
await database.exec('CREATE TABLE flat (app_id text, scene_key text, scene_name text)');
await database.query("COPY flat FROM '/dev/blob'", [], { blob: new Blob([await readFile(file)]) });
await database.close();
