import { constants, open } from 'node:fs/promises';

const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/** Appends a line to a file, which is made if need be. A named pipe that nobody reads is an error, and never waited for. */
export async function appendLine(path: string, line: string): Promise<void> {
  await using file = await open(path, FLAGS);
  await file.writeFile(`${line}\n`);
}
