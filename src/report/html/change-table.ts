import type { SceneChangeKind } from '../../dimension/scene-changes.ts';
import { accountsCell, cutNote, ROWS_SHOWN, timeCell } from './cells.ts';
import type { ChangeRow } from './content/change-collector.ts';
import { html, type Markup } from './markup.ts';
import { nameMarkup } from './scene-name.ts';
import type { ZonedTime } from './zoned-time.ts';

const words: Readonly<Record<SceneChangeKind, string>> = {
  opened: 'new',
  renamed: 'renamed',
  removed: 'removed',
  returned: 'is back',
};

/** What happened since a time, newest first. */
export function changeTable(changes: readonly ChangeRow[], appIds: readonly string[], zone: ZonedTime): Markup {
  if (changes.length === 0) return html`<p>Nothing has changed in this time.</p>`;
  const hasNotes = changes.some(({ note }) => note !== null);
  const rows = changes.slice(0, ROWS_SHOWN).map(({ change, note, accounts, hasSameTimes }) => {
    const { sceneKey, changedAt, oldName, newName } = change;
    const cells = [
      html`<td>${timeCell(changedAt, zone, hasSameTimes)}</td>`,
      html`<th scope="row">${sceneKey}</th><td>${words[change.change]}</td>`,
      html`<td>${oldName === null ? '' : nameMarkup(oldName)}</td><td>${newName === null ? '' : nameMarkup(newName)}</td>`,
      appIds.length === 1 ? null : html`<td>${accountsCell(accounts, appIds)}</td>`,
      hasNotes ? html`<td>${note ?? ''}</td>` : null,
    ];
    return html`<tr>${cells}</tr>
`;
  });
  return html`<table>
<caption>What changed, newest first</caption>
<thead><tr><th scope="col">When</th><th scope="col">Scene</th><th scope="col">What</th><th scope="col">Name before</th><th scope="col">Name after</th>${appIds.length === 1 ? null : html`<th scope="col">Accounts</th>`}${hasNotes ? html`<th scope="col">Note</th>` : null}</tr></thead>
<tbody>${rows}</tbody></table>
${cutNote(changes.length, 'A later --since has fewer, scenedim export has all versions')}`;
}
