import { inflateSync } from 'node:zlib';
import * as z from 'zod';
import { readText } from '../../text-file.ts';
import { appendLine } from '../append-line.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What Dagster says to a process that it starts through Pipes. */
export interface PipesSession {
  /** The assets that this process makes; none of an op that makes none. */
  readonly assetKeys: readonly string[];
  /** What `extras` holds under `scenedim_checks`. */
  readonly checks: readonly string[];
  /** Sends one message, which is JSON in one line. */
  send(message: string): Promise<void>;
}

export type StandardStream = 'stdout' | 'stderr';

const contextData = z.object({
  asset_keys: z.array(z.string()).nullish(),
  extras: z.object({ scenedim_checks: z.array(z.string()).optional() }).nullish(),
});
const contextParameters = z.union([z.object({ path: z.string() }), z.object({ data: contextData })]);
const stream = z.enum(['stdout', 'stderr']);
const messageParameters = z.union([
  z.object({ path: z.string() }),
  z.object({ stdio: stream }),
  z.object({ buffered_stdio: stream }),
]);

/** Reads both variables of Pipes. Throws an error that names the one that cannot be read. */
export async function openPipes(
  environment: Environment,
  write: (stream: StandardStream, text: string) => Promise<void>,
): Promise<PipesSession> {
  const context = parameter(environment, 'DAGSTER_PIPES_CONTEXT', contextParameters);
  const messages = parameter(environment, 'DAGSTER_PIPES_MESSAGES', messageParameters);
  const data = 'data' in context ? context.data : await contextOf(context.path);
  return {
    assetKeys: data.asset_keys ?? [],
    checks: data.extras?.scenedim_checks ?? [],
    send(message) {
      if ('path' in messages) return appendLine(messages.path, message);
      return write('stdio' in messages ? messages.stdio : messages.buffered_stdio, `${message}\n`);
    },
  };
}

/** Base64 of zlib of JSON. */
function parameter<Schema extends z.ZodType>(environment: Environment, name: string, schema: Schema): z.output<Schema> {
  try {
    const bytes = inflateSync(Buffer.from(environment[name] ?? '', 'base64'), { maxOutputLength: 2 ** 24 });
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new Error(`${name} is not what Dagster Pipes gives`, { cause });
  }
}

async function contextOf(path: string): Promise<z.output<typeof contextData>> {
  try {
    return contextData.parse(JSON.parse(await readText(path, { maxBytes: 2 ** 24 })));
  } catch (cause) {
    throw new Error(`${path}, which DAGSTER_PIPES_CONTEXT names, is no context`, { cause });
  }
}
