/** How the page looks. Positions on the time axis come from `positionRules`, for the policy allows no style in an attribute. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --text: #1c1f23; --muted: #59616b; --back: #fff; --raised: #f4f5f7; --line: #d3d8de; --grid: #e3e7eb;
  --bar: #d6e6fb; --bar-edge: #2767b5; --gone: #f7dfd9; --gone-edge: #a33b1f; --link: #1458a6; --focus: #b3530c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6e8eb; --muted: #a7b0ba; --back: #15181c; --raised: #1f242a; --line: #3b434c; --grid: #2a3037;
    --bar: #1d3a5f; --bar-edge: #7fb2f0; --gone: #4a261d; --gone-edge: #f0997f; --link: #8fbcf5; --focus: #ffb066;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem clamp(.75rem, 2vw, 2rem) 4rem; max-width: 100rem; background: var(--back); color: var(--text);
  font: 15px/1.45 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
h1 { font-size: 1.5rem; margin: .5rem 0; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
p { margin: .4rem 0; }
a { color: var(--link); }
code { font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; font-size: .9em; overflow-wrap: break-word; }
main:focus { outline: none; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: .5rem; top: .5rem; padding: .5rem 1rem; background: var(--back); z-index: 3; }
.facts { display: flex; flex-wrap: wrap; gap: .5rem; margin: .75rem 0; padding: 0; list-style: none; }
.facts li { padding: .35rem .75rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--raised); }
.controls { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .75rem; margin: .75rem 0; }
.controls[hidden] { display: none; }
input, select { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--muted); border-radius: .3rem; padding: .3rem .5rem; }
input { width: min(22rem, 100%); }
table { width: 100%; border-collapse: collapse; text-align: left; }
caption { text-align: left; color: var(--muted); padding: .3rem 0; }
th, td { padding: .3rem .6rem .3rem .3rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
bdi { overflow-wrap: anywhere; }
#scenes th[scope=row] { overflow-wrap: anywhere; }
time { white-space: nowrap; }
thead th { position: sticky; top: 0; z-index: 2; background: var(--raised); vertical-align: bottom; }
thead button { font: inherit; font-weight: bold; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: left; text-decoration: underline dotted; }
[aria-sort=ascending] button::after { content: " ▲" / ""; }
[aria-sort=descending] button::after { content: " ▼" / ""; }
#scenes, #scenes caption, #scenes thead, #scenes tbody { display: block; }
#scenes tbody { content-visibility: auto; contain-intrinsic-block-size: auto 3700px; }
#scenes tr { display: grid; grid-template-columns: 6rem minmax(0, 2fr) 10rem minmax(0, 4fr); border-bottom: 1px solid var(--line); }
#scenes.several tr { grid-template-columns: 6rem minmax(0, 2fr) 11rem 10rem minmax(0, 4fr); }
#scenes thead { position: sticky; top: 0; z-index: 2; background: var(--raised); }
#scenes th, #scenes td { border: 0; }
#scenes thead th { position: static; align-self: end; }
#scenes .axis, #scenes td:last-child { padding-right: 0; }
.ticks { display: block; position: relative; height: 1.2rem; font-weight: normal; font-size: .75rem; color: var(--muted); white-space: nowrap; }
.ticks span { position: absolute; padding-left: 3px; border-left: 1px solid var(--line); }
.bars { position: relative; height: 1.6rem; overflow: hidden; }
.bars span { position: absolute; top: .1rem; bottom: .1rem; min-width: 4px; padding: 0 .3rem; overflow: hidden; white-space: nowrap; text-overflow: ellipsis;
  font-size: .8rem; line-height: 1.3rem; background: var(--bar); border: 1px solid var(--bar-edge); border-left-width: 3px; }
.bars .removed { background: var(--gone); border-color: var(--gone-edge); border-right-width: 3px; padding-right: 1rem; }
.bars .old { border-left: 0; }
.bars .old::before { content: "◂ "; }
.bars .open { padding-right: 1rem; border-right: 0; }
.bars .open::after, .bars .removed::after { position: absolute; inset: 0 0 0 auto; padding: 0 .15rem; background: inherit; content: "▸"; }
.bars .removed::after { content: "✕"; }
.long { display: inline-block; max-width: 24em; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; vertical-align: bottom; }
#scenes .long { max-width: 100%; }
details { font-size: .9em; }
details ol, details ul { margin: .2rem 0; padding-left: 1.2rem; }
details.wide { font-size: inherit; }
summary { cursor: pointer; color: var(--link); width: fit-content; }
.when, .note { color: var(--muted); font-size: .9em; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1rem; margin-top: 1.5rem; }
figure { margin: 0; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--muted); font-size: 11px; }
svg .value { text-anchor: end; dominant-baseline: middle; }
svg line { stroke: var(--grid); }
svg rect { fill: var(--bar); stroke: var(--bar-edge); }
svg path { fill: none; stroke: var(--bar-edge); stroke-width: 2; }
@media screen and (max-width: 60rem) {
  .scroll { overflow-x: auto; }
  .scroll table:not(#scenes) { min-width: 60rem; }
  thead th, #scenes thead { position: static; }
  #scenes tr, #scenes.several tr { grid-template-columns: 5rem minmax(0, 1fr) 9rem; }
  #scenes.several tr > :nth-child(2) { grid-column: 2 / -1; }
  #scenes.several tr > :nth-child(3) { grid-column: 2; }
  #scenes tr > :last-child { grid-column: 1 / -1; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  @page { margin: 12mm; }
  :root { --text: #000; --muted: #333; --back: #fff; --raised: #eee; --line: #888; --grid: #ddd; --bar: #dde9f8; --bar-edge: #2767b5; --gone: #f7dfd9; --gone-edge: #a33b1f; --link: #000; }
  body { max-width: none; padding: 0; font-size: 9pt; }
  .controls, .skip, nav { display: none; }
  .scroll { overflow: visible; }
  #scenes { display: table; table-layout: fixed; }
  #scenes caption { display: table-caption; }
  #scenes tbody { display: table-row-group; content-visibility: visible; }
  #scenes thead, thead { display: table-header-group; position: static; }
  #scenes tr { display: table-row; }
  #scenes th:first-child { width: 5rem; }
  #scenes th:nth-child(2) { width: 26%; }
  #scenes th:nth-child(3), #scenes.several th:nth-child(4) { width: 15%; }
  #scenes th, #scenes td { border-bottom: 1px solid var(--line); }
  #scenes th.axis { width: auto; }
  thead th { position: static; }
  thead button { display: contents; }
  tr, figure { break-inside: avoid; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  .long { display: inline; max-width: none; white-space: normal; }
  .bars span, svg rect, .facts li { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  a { text-decoration: none; }
}
`;
