import { createHash } from 'node:crypto';
import type { Micros } from '../../instant.ts';
import { formatCount } from '../format-count.ts';
import { accountTable } from './account-table.ts';
import { changeTable } from './change-table.ts';
import { inForceChart, weeklyChart } from './charts.ts';
import { collectContent, type ReportContent, type ReportInput } from './content/report-content.ts';
import { hasChanged, type SceneRow } from './content/scene-collector.ts';
import { driftTable } from './drift-table.ts';
import { html, jsonMarkup, Markup } from './markup.ts';
import { pageData } from './page/page-data.ts';
import { pageScript } from './page/page-script.ts';
import { pageStyle } from './page/page-style.ts';
import { positionRules, sceneTable } from './scene-table.ts';
import { createTimeAxis } from './time-axis.ts';
import type { ZonedTime } from './zoned-time.ts';

export interface ReportOptions extends ReportInput {
  /** Only scenes that had another name before, or are not in force. */
  readonly changedOnly: boolean;
  readonly programVersion: string;
}

/** The report as one HTML page that needs nothing else, in pieces. */
export async function* renderReport(options: ReportOptions): AsyncGenerator<string> {
  const content = await collectContent(options);
  for (const piece of page(options, content)) yield piece.text;
}

function* page(options: ReportOptions, content: ReportContent): Generator<Markup> {
  const { accounts, zone, now, changedOnly } = options;
  const appIds = accounts.map(({ appId }) => appId);
  const scenes = changedOnly ? content.scenes.filter(hasChanged) : content.scenes;
  const axis = createTimeAxis(content.firstEvent ?? now, now, zone);
  yield head(`${pageStyle}\n${positionRules(scenes, axis)}\n`, `\n${pageScript}\n`);
  yield opening(options, content);
  if (content.scenes.length === 0) yield nothingYet(accounts.length);
  else {
    yield sceneSectionHead(scenes, content, options);
    yield* sceneTable(scenes, { appIds, zone, axis });
    yield html`</div>
<div class="charts">${weeklyChart(content.changesByWeek, axis, zone)}${inForceChart(content.growthByDay, axis, zone)}</div></section>
<section id="changes" aria-labelledby="changes-title"><h2 id="changes-title">What changed since ${zone.formatMinute(options.since)}</h2>
${scrolling('Changes', changeTable(content.changes, appIds, zone))}</section>
`;
  }
  if (accounts.length > 0) {
    yield html`<section id="accounts" aria-labelledby="accounts-title"><h2 id="accounts-title">Freshness and problems</h2>
${scrolling('Accounts', accountTable(accounts, now, zone))}</section>
<section id="drift" aria-labelledby="drift-title"><h2 id="drift-title">Names against the known list</h2>
${scrolling('Differences', driftTable(content.drift, appIds))}</section>
`;
  }
  yield html`</main>
<script type="application/json" id="data">${jsonMarkup(pageData(scenes, appIds))}</script>
<script>
${new Markup(pageScript)}
</script>
</body></html>
`;
}

/** A wide table scrolls by itself, by keyboard too. */
function scrolling(name: string, content: Markup): Markup {
  return html`<div class="scroll" role="region" aria-label="${name}" tabindex="0">${content}</div>`;
}

/** The policy allows the two inline parts that have these hashes, and nothing from elsewhere. */
function head(style: string, script: string): Markup {
  const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const policy = `default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}; img-src data:; base-uri 'none'; form-action 'none'`;
  return html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Scenes of WeChat mini programs</title>
<link rel="icon" href="data:,">
<style>${new Markup(style)}</style></head>
<body><a class="skip" href="#main">Skip to the content</a>
`;
}

function opening(options: ReportOptions, content: ReportContent): Markup {
  const { accounts, zone, now, since, programVersion } = options;
  const troubled = accounts.filter(({ problems }) => problems.length > 0).length;
  const { renamed, new: added, missing } = content.drift.counts;
  const facts: readonly (readonly [string, string, string])[] = [
    ['scenes-title', 'scenes in force', formatCount(content.inForce)],
    ['changes-title', `changed since ${zone.formatDay(since)}`, formatCount(content.changed)],
    ['accounts-title', accounts.length === 1 ? 'account' : 'accounts', formatCount(accounts.length)],
    ['accounts-title', 'with a problem', formatCount(troubled)],
    ['drift-title', 'differ from the list', formatCount(renamed + added + missing)],
  ];
  const items = facts.map(([id, what, count]) => {
    const number = html`<b>${count}</b> ${what}`;
    return content.scenes.length === 0 ? html`<li>${number}</li>` : html`<li><a href="#${id}">${number}</a></li>`;
  });
  return html`<header><h1>Scenes of WeChat mini programs</h1>
<p>Made ${timeOf(now, zone)} by scenedim ${programVersion}. All times are those of ${zone.name}.</p>
<nav aria-label="Parts of this page"><ul class="facts">${items}</ul></nav></header>
<main id="main" tabindex="-1">
`;
}

function timeOf(instant: Micros, zone: ZonedTime): Markup {
  return html`<time>${zone.formatMinute(instant)}</time>`;
}

function nothingYet(accounts: number): Markup {
  const why = accounts === 0 ? 'No answer is stored.' : 'No account has given a good answer yet.';
  const what = accounts === 0 ? 'fetches the scenes of the accounts in the config' : 'asks them again';
  return html`<section><h2>There is nothing to show yet</h2>
<p>${why} <code>scenedim sync</code> ${what}; then make this page again.</p></section>
`;
}

/** Up to where the table begins. The controls do nothing without the script, which shows them. */
function sceneSectionHead(scenes: readonly SceneRow[], content: ReportContent, options: ReportOptions): Markup {
  const left = content.scenes.length - scenes.length;
  const leftOut = left > 0 ? ` ${formatCount(left)} that never changed are left out.` : '';
  const together =
    options.accounts.length > 1 ? ' Accounts whose scene had the same names on the same days share a row.' : '';
  return html`<section id="names" aria-labelledby="scenes-title"><h2 id="scenes-title">Names now and before</h2>
<p>A bar is the time during which a name was in force: <b aria-hidden="true">◂</b> from the beginning, <b aria-hidden="true">▸</b> still in force, <b aria-hidden="true">✕</b> removed. Rows with a history open for its times.${together}${leftOut}</p>
<form class="controls" role="search" hidden><label for="search">Search scene, name or account</label>
<input id="search" type="search" autocomplete="off" spellcheck="false">
<label for="show">Show</label>
<select id="show"><option value="all">all</option><option value="force">in force now</option><option value="changed">changed or removed</option></select></form>
<p id="count" role="status">${formatCount(scenes.length, 'row')}</p>
<div class="scroll" role="region" aria-label="Scenes" tabindex="0">
`;
}
