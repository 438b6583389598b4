import type { Micros } from '../../instant.ts';
import { formatCount } from '../format-count.ts';
import { html, type Markup } from './markup.ts';
import type { ZonedTime } from './zoned-time.ts';

/** App ids that a cell lists. */
const LISTED = 20;

/** Which accounts a row is about, of all that the report is about. */
export function accountsCell(positions: readonly number[], appIds: readonly string[]): Markup {
  const [only] = positions;
  if (positions.length === 1 && only !== undefined) return html`<code>${appIds[only] ?? ''}</code>`;
  const which = positions.length === appIds.length ? 'all ' : '';
  const listed = positions.slice(0, LISTED).map((position) => html`<li><code>${appIds[position] ?? ''}</code></li>`);
  const more = positions.length - LISTED;
  const rest = more > 0 ? html`<li>and ${formatCount(more)} more</li>` : null;
  return html`<details><summary>${which}${formatCount(positions.length, 'account')}</summary><ul>${listed}${rest}</ul></details>`;
}

/** To the minute where all accounts have the same time, else to the day. */
export function timeCell(instant: Micros, zone: ZonedTime, isExact: boolean): Markup {
  return html`<time>${isExact ? zone.formatMinute(instant) : zone.formatDay(instant)}</time>`;
}

/** A list that is cut says so, and where the rest is. */
export function cutNote(shown: number, total: number, rest: string): Markup | null {
  if (shown >= total) return null;
  return html`<p class="note">Left out here: ${formatCount(total - shown, 'row')}. ${rest}.</p>`;
}
