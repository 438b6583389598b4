/** As much of an answer as a client must know to decide on a retry; the rows themselves are none of its business. */
export type AnswerProbe =
  | { readonly kind: 'not_json' }
  | {
      readonly kind: 'json';
      /** The parsed answer. */
      readonly value: unknown;
      /** WeChat's `errcode` as text; null when there is none, or one that is no integer. */
      readonly errcode: string | null;
      /** Empty when there is none. Not redacted. */
      readonly errmsg: string;
      /** The request id when it is a member of its own; not checked yet. */
      readonly rid: unknown;
    };

const decoder = new TextDecoder('utf-8');

/**
 * Reads `errcode` and `errmsg` of an answer, whatever its content type said. Control characters inside strings, which WeChat's
 * answers hold at times, and bytes that are not UTF-8 are tolerated. Never throws.
 */
export function probeAnswer(body: Uint8Array): AnswerProbe {
  const text = decoder.decode(body);
  const value = parse(text) ?? parse(escapeControlCharacters(text));
  if (value === undefined) return { kind: 'not_json' };
  if (typeof value.json !== 'object' || value.json === null)
    return { kind: 'json', value: value.json, errcode: null, errmsg: '', rid: undefined };
  const { errCode, errMsg, errcode = errCode, errmsg = errMsg, rid } = value.json as Readonly<Record<string, unknown>>;
  return {
    kind: 'json',
    value: value.json,
    errcode: codeText(errcode),
    errmsg: typeof errmsg === 'string' ? errmsg : '',
    rid,
  };
}

function codeText(errcode: unknown): string | null {
  if (typeof errcode === 'number' && Number.isInteger(errcode)) return String(errcode === 0 ? 0 : errcode);
  return typeof errcode === 'string' && /^-?[1-9]\d{0,18}$/.test(errcode) ? errcode : null;
}

function parse(text: string): { readonly json: unknown } | undefined {
  try {
    return { json: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** White space stays white space outside strings; the other control characters become escapes, which are valid in strings only. */
function escapeControlCharacters(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replaceAll(/[\u0000-\u001f]/g, (character) =>
    '\t\n\r'.includes(character) ? ' ' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
