/** A large log for replays: many accounts with realistic lists that change over time. */

export interface ReplayLogOptions {
  readonly accounts: number;
  readonly scenes: number;
  /** Answers of each account, a day apart. */
  readonly answers: number;
  /** `account`: all answers of an account together; `time`: all accounts of a day together. */
  readonly order: 'account' | 'time';
}

/**
 * Lines of NDJSON, without their ends and without decisions. Every third account shares its list with the others of its kind; names change, scenes go and
 * come back, some answers are failures and some lose so many scenes that the guard holds them.
 */
export function* replayLog({ accounts, scenes, answers, order }: ReplayLogOptions): Generator<string> {
  const [outer, inner] = order === 'account' ? [accounts, answers] : [answers, accounts];
  for (let i = 0; i < outer; i += 1) {
    for (let j = 0; j < inner; j += 1) {
      const [account, day] = order === 'account' ? [i, j] : [j, i];
      yield JSON.stringify(lineOf(account, day, scenes));
    }
  }
}

function lineOf(account: number, day: number, scenes: number) {
  const app_id = `wx${String(account).padStart(8, '0')}`;
  const observed_at = `2026-01-${String(day + 1).padStart(2, '0')}T00:00:00.00000${day % 10}Z`;
  if (day > 0 && account % 41 === day) return { app_id, observed_at, body: { errcode: -1, errmsg: 'system error' } };
  const shown = day > 0 && account % 37 === day ? 2 : scenes;
  const scene = [];
  for (let key = 1; key <= shown; key += 1) {
    if (day % 2 === 1 && key === 3) continue;
    const isRenamed = day > 0 && key % 7 === day % 7;
    const own = account % 3 === 0 ? '' : ` ${account}`;
    scene.push({ name: `场景 ${key}${own}${isRenamed ? `·${day}` : ''}`, value: key });
  }
  return { app_id, observed_at, body: { errcode: 0, errmsg: 'ok', scene } };
}
