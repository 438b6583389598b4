import type { DriftKind } from '../../dimension/account-drift.ts';
import { formatCount } from '../format-count.ts';
import { accountsCell, cutNote } from './cells.ts';
import { html, type Markup } from './markup.ts';
import type { DriftCollector } from './reported-drift.ts';
import { nameMarkup } from './scene-name.ts';

/** More rows than anybody reads. */
const MOST = 1_000;

const words: Readonly<Record<DriftKind, string>> = {
  matched: 'as listed',
  renamed: 'another name',
  missing: 'not there',
  new: 'not listed',
  seen_elsewhere: 'seen elsewhere',
};

/** How the names of the accounts stand to the access sources that are known: the bundled ones and those of the config. */
export function driftTable(drift: DriftCollector, appIds: readonly string[]): Markup {
  const { counts } = drift;
  const summary = html`<p>Of the scenes of all accounts ${formatCount(counts.matched)} are as listed, ${formatCount(counts.renamed)} have another name, ${formatCount(counts.new)} are not listed, ${formatCount(counts.seen_elsewhere)} were only seen elsewhere so far, and ${formatCount(counts.missing)} listed ones are not there.</p>`;
  const all = drift.rows();
  if (all.length === 0) return summary;
  const rows = all.slice(0, MOST).map(({ row: { sceneKey, bundledName, sceneName, drift: kind }, accounts }) => {
    const names = [bundledName, sceneName].map((name) => html`<td>${name === null ? '' : nameMarkup(name)}</td>`);
    const accountCell = appIds.length === 1 ? null : html`<td>${accountsCell(accounts, appIds)}</td>`;
    return html`<tr><th scope="row">${sceneKey}</th><td>${words[kind]}</td>${names}${accountCell}</tr>
`;
  });
  return html`${summary}<details class="wide"><summary>${formatCount(all.length, 'difference')}</summary><table>
<caption>What is not as listed</caption>
<thead><tr><th scope="col">Scene</th><th scope="col">Compared</th><th scope="col">Listed name</th><th scope="col">Name of the account</th>${appIds.length === 1 ? null : html`<th scope="col">Accounts</th>`}</tr></thead>
<tbody>${rows}</tbody></table>
${cutNote(MOST, all.length, 'The view scene_drift has all')}</details>`;
}
