/** Fields that several of the documents have which `--json` prints. */
import * as z from 'zod';

export const count = z.int().min(0);
export const time = z.iso.datetime({ precision: 6 }).describe('RFC 3339 in UTC with six digits of fraction.');

/** A document as its schema describes it, of which nothing is changed any more. */
export type Document<Schema extends z.ZodType> = DeepReadonly<z.output<Schema>>;

type DeepReadonly<Value> = Value extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
    : Value;
