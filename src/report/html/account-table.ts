import { formatDuration } from '../../config/duration.ts';
import type { Micros } from '../../instant.ts';
import { cutNote, ROWS_SHOWN, timeCell } from './cells.ts';
import type { ReportedAccount } from './content/report-content.ts';
import { html, type Markup } from './markup.ts';
import type { ZonedTime } from './zoned-time.ts';

/** How fresh each account is and what is wrong with it; those with a problem first, then those that answered longest ago. */
export function accountTable(accounts: readonly ReportedAccount[], now: Micros, zone: ZonedTime): Markup {
  const ageOf = (instant: Micros | null): Markup => {
    if (instant === null) return html`never`;
    const ms = Number((now - instant) / 1000n);
    return html`${timeCell(instant, zone, true)} <span class="when">${ms < 0 ? 'in the future' : `${formatDuration(ms)} ago`}</span>`;
  };
  const rows = [...accounts]
    .sort(worstFirst)
    .slice(0, ROWS_SHOWN)
    .map(({ appId, state, lastOkAt, lastAttemptAt, problems }) => {
      const all = problems.map(
        ({ what, remedy }) => html`<p>${what}<br><span class="when">What to do: ${remedy}</span></p>`,
      );
      return html`<tr><th scope="row"><code>${appId}</code></th><td>${state}</td><td>${ageOf(lastOkAt)}</td><td>${ageOf(lastAttemptAt)}</td><td>${all}</td></tr>
`;
    });
  return html`<table>
<caption>Accounts, those with a problem first</caption>
<thead><tr><th scope="col">Account</th><th scope="col">State</th><th scope="col">Last good answer</th><th scope="col">Last attempt</th><th scope="col">Problems</th></tr></thead>
<tbody>${rows}</tbody></table>
${cutNote(accounts.length, 'The command scenedim status --all shows every account')}`;
}

function worstFirst(a: ReportedAccount, b: ReportedAccount): number {
  const [x, y] = [a, b].map(({ problems }) => (problems.length > 0 ? 0 : 1));
  if (x !== y) return (x ?? 0) - (y ?? 0);
  return Number((a.lastOkAt ?? 0n) - (b.lastOkAt ?? 0n));
}
