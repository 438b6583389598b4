/** What a column can be for a join, whatever its dialect calls the type. */
export type ColumnKind = 'integer' | 'number' | 'text' | 'instant' | 'local_time' | 'day' | 'other';

/** Units in which tables hold an instant as a number, by how many of them a second has. */
export const epochUnits = ['second', 'millisecond', 'microsecond'] as const;
export type EpochUnit = (typeof epochUnits)[number];

/** A time with an offset, without one, or a day: `2025-04-01`, `20250401`. */
export const timeWritings = ['zoned', 'local', 'day'] as const;
export type TimeWriting = (typeof timeWritings)[number];

/** The little in which the SQL of `join-check` differs between targets. Expressions go in and come out as SQL text. */
export interface Dialect {
  readonly kinds: Readonly<Record<string, ColumnKind>>;
  /** The function as the documents of the dialect write it. */
  readonly coalesce: string;
  /** A value of any type as text. */
  asText(value: string, type: string): string;
  /** A text that compares by its bytes, as our keys do. */
  byBytes(text: string): string;
  /** A code as WeChat's list has it: without spaces around, leading zeros and `.0`. */
  cleaned(text: string): string;
  withoutPrefix(text: string): string;
  /** A time of a clock in a zone, given as a literal. */
  inZone(local: string, zone: string): string;
  fromEpoch(number: string, unit: EpochUnit): string;
  /** A text that holds an offset, as an instant. */
  zonedText(text: string): string;
  /** A text without one, as a time of a clock. */
  localText(text: string): string;
  /** A text that holds a day, as a date. */
  dayText(text: string): string;
  /** The last microsecond of a date in a zone, given as a literal: what is in force then has the day. */
  endOfDay(date: string, zone: string): string;
  /** Whether a text is a time written so. */
  isTime(text: string, writing: TimeWriting): string;
  readonly openEnd: string;
  /** Ends a subquery whose expressions are to be computed once a row, not wherever its columns are used. */
  readonly computedOnce: string;
  /** Goes behind the name of a stored table: about so many percent of its blocks. */
  sampled(percent: string): string;
}

const clock = '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?';
const offset = '(Z|UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)';
const leapYear = '([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)';

/** A date that there is, as a pattern, so that no cast of a text that fits fails: not 2025-02-29. */
function dateWith(separator: '-' | ''): string {
  const ofMonths = [
    '(0[13578]|1[02])#(0[1-9]|[12][0-9]|3[01])',
    '(0[469]|11)#(0[1-9]|[12][0-9]|30)',
    '02#(0[1-9]|1[0-9]|2[0-8])',
  ];
  return `([1-9][0-9]{3}#(${ofMonths.join('|')})|${leapYear}#02#29)`.replaceAll('#', separator);
}

const timePatterns: Readonly<Record<TimeWriting, string>> = {
  zoned: `^ *${dateWith('-')}[ T]${clock} ?${offset} *$`,
  local: `^ *${dateWith('-')}[ T]${clock} *$`,
  day: `^ *(${dateWith('-')}|${dateWith('')}) *$`,
};
/** A number as a text, with zeros and a fraction that a code does not have. */
export const spelledNumber = '^0*([0-9]+)([.]0*)?$';

const postgres: Dialect = {
  kinds: {
    smallint: 'integer',
    integer: 'integer',
    bigint: 'integer',
    numeric: 'number',
    real: 'number',
    'double precision': 'number',
    text: 'text',
    'character varying': 'text',
    character: 'text',
    name: 'text',
    citext: 'text',
    'timestamp with time zone': 'instant',
    'timestamp without time zone': 'local_time',
    date: 'day',
  },
  coalesce: 'coalesce',
  asText: (value, type) => (type === 'text' || type === 'character varying' ? value : `${value}::text`),
  byBytes: (text) => `${text} COLLATE "C"`,
  cleaned: (text) => `regexp_replace(btrim(${text}, E' \\t\\r\\n'), '${spelledNumber}', '\\1')`,
  withoutPrefix: (text) => `regexp_replace(${text}, '^wx-0*', '')`,
  inZone: (local, zone) => `${local} AT TIME ZONE ${zone}`,
  fromEpoch: (value, unit) => `timestamptz 'epoch' + ${value} * interval '1 ${unit}'`,
  zonedText: (text) => `${text}::timestamptz`,
  localText: (text) => `${text}::timestamp`,
  dayText: (text) => `${text}::date`,
  endOfDay: (date, zone) => `(${date} + time '23:59:59.999999') AT TIME ZONE ${zone}`,
  isTime: (text, writing) => `${text} ~ '${timePatterns[writing]}'`,
  openEnd: `TIMESTAMPTZ '9999-12-31 00:00:00+00'`,
  computedOnce: ' OFFSET 0',
  sampled: (percent) => ` TABLESAMPLE SYSTEM (${percent}) REPEATABLE (1)`,
};

const epochFunctions: Readonly<Record<EpochUnit, string>> = {
  second: 'TIMESTAMP_SECONDS',
  millisecond: 'TIMESTAMP_MILLIS',
  microsecond: 'TIMESTAMP_MICROS',
};

const bigquery: Dialect = {
  kinds: {
    INT64: 'integer',
    NUMERIC: 'number',
    BIGNUMERIC: 'number',
    FLOAT64: 'number',
    STRING: 'text',
    TIMESTAMP: 'instant',
    DATETIME: 'local_time',
    DATE: 'day',
  },
  coalesce: 'COALESCE',
  asText: (value, type) => (type === 'STRING' ? value : `CAST(${value} AS STRING)`),
  byBytes: (text) => `COLLATE(${text}, '')`,
  cleaned: (text) => `REGEXP_REPLACE(TRIM(${text}, ' \\t\\r\\n'), r'${spelledNumber}', r'\\1')`,
  withoutPrefix: (text) => `REGEXP_REPLACE(${text}, r'^wx-0*', '')`,
  inZone: (local, zone) => `TIMESTAMP(${local}, ${zone})`,
  fromEpoch: (value, unit) => `${epochFunctions[unit]}(${value})`,
  zonedText: (text) => `SAFE_CAST(${text} AS TIMESTAMP)`,
  localText: (text) => `SAFE_CAST(${text} AS DATETIME)`,
  dayText: (text) => `SAFE.PARSE_DATE('%Y%m%d', REPLACE(TRIM(${text}), '-', ''))`,
  endOfDay: (date, zone) => `TIMESTAMP(DATETIME(${date}, TIME '23:59:59.999999'), ${zone})`,
  isTime: (text, writing) => `REGEXP_CONTAINS(${text}, r'${timePatterns[writing]}')`,
  openEnd: `TIMESTAMP '9999-12-31 00:00:00+00'`,
  computedOnce: '',
  sampled: (percent) => ` TABLESAMPLE SYSTEM (${percent} PERCENT)`,
};

export const dialects: Readonly<Record<'postgres' | 'bigquery', Dialect>> = { postgres, bigquery };

/** What a column is; a type that a schema qualifies counts by its last part. */
export function kindOf(dialect: Dialect, type: string): ColumnKind {
  return dialect.kinds[type] ?? dialect.kinds[type.split('.').at(-1) ?? ''] ?? 'other';
}
