/**
 * What WeChat said about a failure: its `errmsg`, else `fallback`, and the request id when that is
 * a member of its own (`{"errcode":-1,"rid":"64af7b86-7f59782b-19648ad4"}`). WeChat's support asks
 * for the rid.
 */
export function saidText(errmsg: unknown, rid: unknown, fallback: string): string {
  const text = typeof errmsg === 'string' && errmsg !== '' ? errmsg : fallback;
  if (typeof rid !== 'string' || !/^[\w-]{1,100}$/.test(rid) || text.includes(rid)) return text;
  return text === '' ? `rid: ${rid}` : `${text} rid: ${rid}`;
}
