import type { Micros } from '../../instant.ts';
import { formatCount } from '../format-count.ts';
import { html, type Markup } from './markup.ts';
import type { ZonedTime } from './zoned-time.ts';

/** Rows of a table that nobody searches: more than anybody reads. */
export const ROWS_SHOWN = 1_000;

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

/** Says below a table of {@link ROWS_SHOWN} rows how many more there are, and where to find them. */
export function cutNote(total: number, whereToFind: string): Markup | null {
  if (total <= ROWS_SHOWN) return null;
  return html`<p class="note">Left out here: ${formatCount(total - ROWS_SHOWN, 'row')}. ${whereToFind}.</p>`;
}
