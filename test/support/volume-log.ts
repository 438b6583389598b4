/** Scenes that each account has for itself, so that no two answers are the same. */
export const scenesAnAccount = 5;

/** One of so many accounts has a scene renamed. */
const renamedOneIn = 100;

/** How many of some accounts have one. */
export function renamedOf(accounts: number): number {
  return Math.ceil(accounts / renamedOneIn);
}

/**
 * One answer of each account in the format of `replay`, in pieces. `hour` is when, of a day; with `renamed`, one account in a
 * hundred has another name for its first scene.
 */
export async function* volumeLog(accounts: number, hour: number, renamed: boolean): AsyncGenerator<Uint8Array> {
  const observedAt = `2026-01-01T${String(hour).padStart(2, '0')}:00:00Z`;
  let text = '';
  for (let n = 0; n < accounts; n += 1) {
    const changed = renamed && n % renamedOneIn === 0;
    const scene = Array.from({ length: scenesAnAccount }, (_, key) => ({
      name: `场景 ${n}-${key}${changed && key === 0 ? ' 新' : ''}`,
      value: key + 1,
    }));
    const appId = `wx${String(n).padStart(16, '0')}`;
    text += `${JSON.stringify({ app_id: appId, observed_at: observedAt, body: { errcode: 0, scene } })}\n`;
    if (text.length < 256 * 1024) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}
