import { isOpen, type Version } from '../../dimension/version.ts';
import { BEGINNING, type Micros } from '../../instant.ts';
import { formatCount } from '../format-count.ts';
import { accountsCell, timeCell } from './cells.ts';
import { isInForce, type SceneRow } from './content/scene-collector.ts';
import { html, type Markup } from './markup.ts';
import { bareName, glance, nameMarkup } from './scene-name.ts';
import { AXIS_END, type TimeAxis } from './time-axis.ts';
import type { ZonedTime } from './zoned-time.ts';

/** Rows of a block, which a browser lays out when it comes into view. */
const BLOCK = 100;
/** The width of a bar that would have none. */
const JUST_NOW = 6;

export interface SceneSectionOptions {
  readonly appIds: readonly string[];
  readonly zone: ZonedTime;
  readonly axis: TimeAxis;
}

/** The table of all scenes: the name of today, and a bar for each version. In pieces, for there may be many. */
export function* sceneTable(scenes: readonly SceneRow[], options: SceneSectionOptions): Generator<Markup> {
  const isOne = options.appIds.length === 1;
  const ticks = options.axis.ticks.map(({ position, label }) => html`<span class="f${position}">${label}</span>`);
  yield html`<table id="scenes" class="${isOne ? 'one' : 'several'}">
<caption>Scenes, and when each of their names was in force</caption>
<thead><tr><th scope="col" aria-sort="ascending"><button type="button" data-sort="key">Scene</button></th>
<th scope="col"><button type="button" data-sort="name">Name</button></th>
${isOne ? null : html`<th scope="col"><button type="button" data-sort="accounts">Accounts</button></th>`}
<th scope="col"><button type="button" data-sort="since">In force since</button></th>
<th scope="col" class="axis">Timeline<span class="ticks" aria-hidden="true">${ticks}</span></th></tr></thead>
`;
  for (let start = 0; start < scenes.length; start += BLOCK) {
    const rows = scenes.slice(start, start + BLOCK).map((scene) => sceneRow(scene, options));
    yield html`<tbody>${rows}</tbody>
`;
  }
  yield html`</table>`;
}

function sceneRow(scene: SceneRow, { appIds, zone, axis }: SceneSectionOptions): Markup {
  const { sceneKey, versions, accounts } = scene;
  const last = versions.at(-1);
  const accountCell = appIds.length === 1 ? null : html`<td>${accountsCell(accounts, appIds)}</td>`;
  return html`<tr><th scope="row">${sceneKey}</th><td>${last === undefined ? null : nameMarkup(last.sceneName)}${detailsOf(scene, zone)}</td>${accountCell}<td>${sinceOf(scene, zone)}</td><td>${bars(versions, axis)}</td></tr>
`;
}

function sinceOf({ versions, hasSameTimes }: SceneRow, zone: ZonedTime): Markup | string {
  const last = versions.at(-1);
  if (last === undefined) return '';
  if (!isOpen(last)) return html`removed ${timeCell(last.effectiveTo, zone, false)}`;
  return last.effectiveFrom === BEGINNING ? 'beginning' : timeCell(last.effectiveFrom, zone, hasSameTimes);
}

/** Every version in words, for those who see no bars and for paper; one that was never any different needs none. */
function detailsOf({ versions, hasSameTimes }: SceneRow, zone: ZonedTime): Markup | null {
  if (versions.length === 1 && isInForce(versions)) return null;
  const items = versions.map((version) => {
    const { sceneName, effectiveFrom, effectiveTo, endReason } = version;
    const from = effectiveFrom === BEGINNING ? 'beginning' : timeCell(effectiveFrom, zone, hasSameTimes);
    const to = endReason === null ? 'now' : timeCell(effectiveTo, zone, hasSameTimes);
    return html`<li>${bareName(sceneName)} <span class="when">${from} to ${to}${endReason === null ? '' : `, ${endReason}`}</span></li>`;
  });
  return html`<details><summary>${formatCount(versions.length, 'version')}</summary><ol>${items}</ol></details>`;
}

/** What the details say, to be seen at a glance. */
function bars(versions: readonly Version[], axis: TimeAxis): Markup {
  const isOnly = versions.length === 1;
  const all = versions.map((version) => {
    const { sceneName, effectiveFrom, effectiveTo, endReason } = version;
    const from = startOf(effectiveFrom, axis);
    const to = endReason === null ? AXIS_END : axis.position(effectiveTo);
    const start = effectiveFrom === BEGINNING ? ' old' : '';
    const text = isOnly && endReason === null ? null : html`<bdi lang="zh">${glance(sceneName)}</bdi>`;
    return html`<span class="f${from} t${to}${start} ${endReason ?? 'open'}">${text}</span>`;
  });
  return html`<div class="bars" aria-hidden="true">${all}</div>`;
}

/** Where a bar starts. One that started just now is seen, too. */
function startOf(effectiveFrom: Micros, axis: TimeAxis): number {
  return effectiveFrom === BEGINNING ? 0 : Math.min(axis.position(effectiveFrom), AXIS_END - JUST_NOW);
}

/** The positions that the bars and ticks stand at, as rules of a style sheet. */
export function positionRules(scenes: readonly SceneRow[], axis: TimeAxis): string {
  const from = new Set([0, ...axis.ticks.map(({ position }) => position)]);
  const to = new Set([AXIS_END]);
  for (const { versions } of scenes) {
    for (const { effectiveFrom, effectiveTo } of versions) {
      from.add(startOf(effectiveFrom, axis));
      to.add(axis.position(effectiveTo));
    }
  }
  const percent = (tenths: number): string => `${tenths / 10}%`;
  const lines = axis.ticks.map(
    ({ position }) => `linear-gradient(var(--grid),var(--grid)) ${percent(position)}/1px 100%`,
  );
  const all = (set: ReadonlySet<number>): readonly number[] => [...set].sort((a, b) => a - b);
  return [
    ...all(from).map((position) => `.f${position}{left:${percent(position)}}`),
    ...all(to).map((position) => `.t${position}{right:${percent(AXIS_END - position)}}`),
    lines.length === 0 ? '' : `.bars{background:${lines.join(',')};background-repeat:no-repeat}`,
  ].join('\n');
}
