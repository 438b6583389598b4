/** A step from the root of parsed YAML to a value: a key of a map or an index of a list. */
export type ConfigPath = readonly (string | number)[];

/** `source.accounts[0].appId`, as people write a path. */
export function formatPath(path: ConfigPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

export function valueAt(values: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined,
    values,
  );
}

/** Sets a value, making the maps on the way; what is in the way and is no map stays for the schema to complain about. */
export function setAt(values: unknown, path: ConfigPath, value: unknown): void {
  let container: unknown = values;
  for (const step of path.slice(0, -1)) {
    if (typeof container !== 'object' || container === null) return;
    const map = container as Record<string, unknown>;
    const next = map[step];
    if (next === undefined || next === null || (step === 'accounts' && Array.isArray(next))) map[step] = {};
    container = map[step];
  }
  const last = path.at(-1);
  if (typeof container === 'object' && container !== null && last !== undefined)
    (container as Record<string, unknown>)[last] = value;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
