/** What is wrong with a JSON pointer (RFC 6901); undefined when nothing is. */
export function flawOfPointer(pointer: string): string | undefined {
  if (!pointer.startsWith('/')) return 'must begin with a slash, like /access_token';
  return /~(?![01])/.test(pointer) ? 'holds a ~ that is neither ~0 (for ~) nor ~1 (for /)' : undefined;
}

/** The member that a JSON pointer without a flaw names; undefined where there is none. */
export function memberAt(value: unknown, pointer: string): unknown {
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((parent, step) => {
      if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, step)) return undefined;
      return (parent as Readonly<Record<string, unknown>>)[step];
    }, value);
}
