import { formatInstant, type Micros } from '../../../instant.ts';

/** Types of the parameters that statements take. */
export type ParameterType = 'STRING' | 'INT64' | 'BOOL' | 'TIMESTAMP';

/** A named parameter as the REST API takes it: every value as text, a missing one is NULL. */
export interface QueryParameter {
  readonly name: string;
  readonly parameterType: { readonly type: string; readonly arrayType?: { readonly type: string } };
  readonly parameterValue: { readonly value?: string; readonly arrayValues?: readonly { readonly value: string }[] };
}

function scalar(name: string, type: ParameterType, value: string | null): QueryParameter {
  return { name, parameterType: { type }, parameterValue: value === null ? {} : { value } };
}

/** A STRING. */
export function textParameter(name: string, value: string | null): QueryParameter {
  return scalar(name, 'STRING', value);
}

/** An INT64. */
export function integerParameter(name: string, value: number | bigint | null): QueryParameter {
  return scalar(name, 'INT64', value === null ? null : String(value));
}

/** A BOOL. */
export function booleanParameter(name: string, value: boolean): QueryParameter {
  return scalar(name, 'BOOL', String(value));
}

/** A TIMESTAMP, to the microsecond. */
export function instantParameter(name: string, value: Micros | null): QueryParameter {
  return scalar(name, 'TIMESTAMP', value === null ? null : formatInstant(value));
}

/** An ARRAY<STRING>, which may be empty. */
export function textsParameter(name: string, values: readonly string[]): QueryParameter {
  return {
    name,
    parameterType: { type: 'ARRAY', arrayType: { type: 'STRING' } },
    parameterValue: { arrayValues: values.map((value) => ({ value })) },
  };
}
