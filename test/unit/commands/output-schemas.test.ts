import { expect, test } from 'vitest';
import { outputJsonSchema, outputNames } from '../../../src/commands/output-schemas.ts';

test('there is a schema for every name and for no other', () => {
  for (const name of outputNames) expect(outputJsonSchema(name)).toHaveProperty('$schema');
  expect(outputJsonSchema('toString')).toBeUndefined();
});
