import * as z from 'zod';
import { ScenedimError } from '../errors.ts';
import { flawOfUrl, type UrlFlaw } from '../secrets/url-flaw.ts';

/**
 * Reads the `target` section with its schema, less what concerns the program and not the loader.
 * The first thing wrong with it is a `config_invalid` that names the field.
 */
export function parseSection<Section extends object>(
  schema: z.ZodType<Section>,
  section: unknown,
): Omit<Section, 'type' | 'autoMigrate'> {
  const result = schema.safeParse(section);
  if (!result.success) {
    const [issue] = result.error.issues;
    const field = ['target', ...(issue?.path ?? [])].join('.');
    throw new ScenedimError('config_invalid', `${field}: ${issue?.message ?? 'is not usable'}`, {
      remedy: issue === undefined ? undefined : remedyOf(issue),
    });
  }
  const { type: _type, autoMigrate: _autoMigrate, ...settings } = result.data as Section & CommonSettings;
  return settings;
}

interface CommonSettings {
  readonly type?: unknown;
  readonly autoMigrate?: unknown;
}

/** The setting that every target has; the program looks at it before it uses the loader. */
export const autoMigrate = z
  .boolean()
  .default(true)
  .describe('sync and replay create and upgrade the schema on their own.');

/** The remedy that a rule of a schema brings along as `params: { remedy }`. */
export function remedyOf(issue: z.core.$ZodIssue): string | undefined {
  const remedy: unknown = issue.code === 'custom' ? issue.params?.['remedy'] : undefined;
  return typeof remedy === 'string' ? remedy : undefined;
}

/** A rule for the URLs of a config: none from which a part of a password would be read as a host. */
export const refuseFlaw = refuse(flawOfUrl);

/** A URL that is asked over HTTP: it holds neither user nor password. */
export const httpUrl = z
  .url({ protocol: /^https?$/, error: 'is not a URL that starts with http:// or https://', abort: true })
  .superRefine(refuse((url) => (url.includes('@') ? userInUrl : flawOfUrl(url))));

/** A rule of a schema for what `flawOf` finds wrong. */
function refuse(flawOf: (url: string) => UrlFlaw | undefined): (url: string, context: z.core.$RefinementCtx) => void {
  return (url, context) => {
    const flaw = flawOf(url);
    if (flaw === undefined) return;
    context.addIssue({ code: 'custom', message: flaw.message, params: { remedy: flaw.remedy } });
  };
}

const userInUrl = {
  message: 'must not hold a user or a password',
  remedy: 'take out what stands before the @; percent-encode an @ of the path as %40',
};
