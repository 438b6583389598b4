import * as z from 'zod';
import { configSchema } from './config-schema.ts';

type JsonSchema = Record<string, unknown>;

/** The JSON Schema of the config file, for editors. Numbers and booleans may be `${VAR}` too. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      const { type } = jsonSchema;
      if (type !== 'number' && type !== 'integer' && type !== 'boolean') return;
      const { default: fallback, description, ...constraints } = { ...jsonSchema };
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      Object.assign(jsonSchema, {
        ...(description !== undefined && { description }),
        ...(fallback !== undefined && { default: fallback }),
        anyOf: [constraints, { type: 'string', pattern: '\\$\\{.+\\}' }],
      });
    },
  }) as JsonSchema;
  return { ...schema, title: 'scenedim config' };
}
