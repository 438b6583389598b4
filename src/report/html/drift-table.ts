import type { DriftKind } from '../../dimension/account-drift.ts';
import { formatCount } from '../format-count.ts';
import { accountsCell, cutNote, ROWS_SHOWN } from './cells.ts';
import type { ReportedDrift } from './content/drift-collector.ts';
import { html, type Markup } from './markup.ts';
import { nameMarkup } from './scene-name.ts';

const words: Readonly<Record<DriftKind, string>> = {
  matched: 'as listed',
  renamed: 'another name',
  missing: 'not there',
  new: 'not listed',
  seen_elsewhere: 'seen elsewhere',
};

/** How the names of the accounts differ from the known access sources: the bundled ones and those of the config. */
export function driftTable({ counts, rows: all }: ReportedDrift, appIds: readonly string[]): Markup {
  const summary = html`<p>Of the scenes of all accounts ${formatCount(counts.matched)} are as listed, ${formatCount(counts.renamed)} have another name, ${formatCount(counts.new)} are not listed, ${formatCount(counts.seen_elsewhere)} were only seen elsewhere so far, and ${formatCount(counts.missing)} listed ones are not there.</p>`;
  if (all.length === 0) return summary;
  const rows = all.slice(0, ROWS_SHOWN).map(({ sceneKey, bundledName, sceneName, drift: kind, accounts }) => {
    const names = [bundledName, sceneName].map((name) => html`<td>${name === null ? '' : nameMarkup(name)}</td>`);
    const accountCell = appIds.length === 1 ? null : html`<td>${accountsCell(accounts, appIds)}</td>`;
    return html`<tr><th scope="row">${sceneKey}</th><td>${words[kind]}</td>${names}${accountCell}</tr>
`;
  });
  return html`${summary}<details class="wide"><summary>${formatCount(all.length, 'difference')}</summary><table>
<caption>What is not as listed</caption>
<thead><tr><th scope="col">Scene</th><th scope="col">Compared</th><th scope="col">Listed name</th><th scope="col">Name of the account</th>${appIds.length === 1 ? null : html`<th scope="col">Accounts</th>`}</tr></thead>
<tbody>${rows}</tbody></table>
${cutNote(all.length, 'The view scene_drift has all')}</details>`;
}
