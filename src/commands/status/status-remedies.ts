import type { AccountHead } from '../../dimension/account-head.ts';
import { classifyErrorCode, errorCatalogue } from '../../extract/error-catalogue.ts';
import type { Paint } from '../../report/paint.ts';
import { printable } from '../../report/printable.ts';
import { isHeld } from '../work/account-state.ts';

/** What to do about accounts that are not well: a line for each held one, and for each error code what it means. */
export function renderRemedies(heads: readonly AccountHead[], paint: Paint): string {
  const remedy = paint('cyan', 'remedy:');
  const held = heads.filter(isHeld).map(({ appId }) => {
    const id = printable(appId);
    return `${paint('bold', id)} is held\n    ${remedy} if its newest answer is right: scenedim accept --app-id ${id}\n`;
  });
  const codes = new Set(heads.flatMap(({ lastErrorCode: code }) => (code === null ? [] : [code])));
  const errors = [...codes].sort().map((code) => {
    const known = explain(code);
    return `${paint('bold', printable(code))}: ${known.meaning}\n    ${remedy} ${known.remedy}\n`;
  });
  const isSuspended = heads.some(({ removalsSuspendedSince }) => removalsSuspendedSince !== null);
  const suspended = isSuspended
    ? [
        `${paint('bold', 'removals suspended')}: answers hold a row without a key, so no scene counts as removed\n    ${remedy} look at scene_reject for the row\n`,
      ]
    : [];
  return [...held, ...errors, ...suspended].join('');
}

/** Codes of our own are not in the table of WeChat's: `http_502`, `timeout`. The next run tells their message. */
function explain(code: string): { readonly meaning: string; readonly remedy: string } {
  if (!errorCatalogue.has(code) && !/^-?\d+$/.test(code)) {
    return { meaning: 'no usable answer came', remedy: 'run scenedim sync again: it tells what it finds' };
  }
  const { meaning, remedy } = classifyErrorCode(code, 'scene_list', '');
  return { meaning, remedy: remedy ?? 'run again later' };
}
