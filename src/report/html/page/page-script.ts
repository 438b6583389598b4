/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { PageData, PageRow } from './page-data.ts';

/**
 * The script of the page: these functions as text. They run in the reader's browser, so they may use each other, and of this
 * file nothing else.
 */
export const pageScript: string = [
  ...[start, readState, keepRoles, showRows, matches, compare, sortBy, announce, openForPrint].map(String),
  `${start.name}();`,
].join('\n');

interface State {
  readonly data: PageData;
  readonly table: HTMLTableElement;
  readonly head: HTMLTableSectionElement;
  /** In the order of `data.rows`. */
  readonly rows: readonly HTMLTableRowElement[];
  /** What a search looks at, of each row; filled when it is first asked. */
  readonly texts: (string | undefined)[];
  /** Positions of rows as they are sorted now. */
  order: number[];
  /** A column and +1 or -1. */
  sort: readonly [column: string, direction: number];
}

function start(): void {
  openForPrint();
  const state = readState();
  if (state === null) return;
  const form = document.querySelector<HTMLFormElement>('form.controls');
  const search = document.querySelector<HTMLInputElement>('#search');
  const show = document.querySelector<HTMLSelectElement>('#show');
  if (form === null || search === null || show === null) return;
  const update = (): void => showRows(state, search.value, show.value);
  let timer: number | undefined;
  search.addEventListener('input', () => {
    clearTimeout(timer);
    timer = window.setTimeout(update, 80);
  });
  show.addEventListener('change', update);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    update();
  });
  state.head.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    if (button === null) return;
    sortBy(state, button);
    update();
  });
  form.hidden = false;
}

function readState(): State | null {
  const table = document.querySelector<HTMLTableElement>('#scenes');
  const json = document.querySelector('#data')?.textContent;
  const head = table?.tHead;
  if (table == null || head == null || json == null) return null;
  const data: PageData = JSON.parse(json);
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
  setTimeout(keepRoles, 0, table);
  const order = rows.map((_, position) => position);
  return { data, table, head, rows, texts: [], order, sort: ['key', 1] };
}

/** Some browsers forget what the parts of a table are that is laid out in another way. */
function keepRoles(table: HTMLTableElement): void {
  table.setAttribute('role', 'table');
  for (const row of table.rows) {
    row.setAttribute('role', 'row');
    const isHead = row.parentElement === table.tHead;
    for (const cell of row.cells) {
      const header = isHead ? 'columnheader' : 'rowheader';
      cell.setAttribute('role', cell.tagName === 'TH' ? header : 'cell');
    }
  }
}

/** Puts the rows that match into the table, in blocks of 100 as they came. */
function showRows(state: State, search: string, show: string): void {
  const { data, table, rows, texts, order } = state;
  const words = search.normalize('NFKC').toLowerCase().split(/\s+/).filter(Boolean);
  const shown = order.filter((position) => {
    const row = data.rows[position];
    if (row === undefined) return false;
    if ((show === 'force' && row[5] === 0) || (show === 'changed' && row[6] === 0)) return false;
    return words.length === 0 || matches(data, row, words, texts, position);
  });
  const blocks: HTMLTableSectionElement[] = [];
  for (let from = 0; from < shown.length; from += 100) {
    const block = document.createElement('tbody');
    for (const position of shown.slice(from, from + 100)) {
      const row = rows[position];
      if (row !== undefined) block.append(row);
    }
    blocks.push(block);
  }
  for (const block of [...table.tBodies]) block.remove();
  table.append(...blocks);
  announce(shown.length, rows.length);
}

/** True when each word is in the key, in a name or in the app id of an account. */
function matches(
  data: PageData,
  row: PageRow,
  words: readonly string[],
  texts: (string | undefined)[],
  position: number,
): boolean {
  let text = texts[position];
  if (text === undefined) {
    text = [row[0], ...row[1]].join('\n').normalize('NFKC').toLowerCase();
    texts[position] = text;
  }
  const known = text;
  const left = words.filter((word) => !known.includes(word));
  if (left.length === 0) return true;
  const runs = data.accountSets[row[4]] ?? [];
  for (let run = 0; run < runs.length; run += 2) {
    const first = runs[run] ?? 0;
    const appIds = data.appIds.slice(first, first + (runs[run + 1] ?? 0));
    if (appIds.some((appId) => left.every((word) => appId.toLowerCase().includes(word)))) return true;
  }
  return false;
}

/** Rows came in the order of their keys, so positions compare them. */
function compare(data: PageData, column: string, collator: Intl.Collator): (a: number, b: number) => number {
  return (a, b) => {
    const [x, y] = [data.rows[a], data.rows[b]];
    if (x === undefined || y === undefined) return 0;
    if (column === 'name') return collator.compare(x[1][0] ?? '', y[1][0] ?? '');
    if (column === 'accounts') return x[3] - y[3];
    if (column === 'since') return x[2] < y[2] ? -1 : Number(x[2] > y[2]);
    return a - b;
  };
}

/** Sorts by the column of a button; by the same one again, the other way round. */
function sortBy(state: State, button: HTMLButtonElement): void {
  const column = button.dataset['sort'] ?? 'key';
  const direction = state.sort[0] === column ? -state.sort[1] : 1;
  const difference = compare(state.data, column, new Intl.Collator('zh', { numeric: true }));
  state.sort = [column, direction];
  state.order.sort((a, b) => direction * difference(a, b) || a - b);
  for (const cell of state.head.querySelectorAll('[aria-sort]')) cell.removeAttribute('aria-sort');
  button.closest('th')?.setAttribute('aria-sort', direction > 0 ? 'ascending' : 'descending');
}

function announce(shown: number, all: number): void {
  const count = document.querySelector('#count');
  if (count === null) return;
  const [some, total] = [shown.toLocaleString('en'), all.toLocaleString('en')];
  count.textContent = shown === all ? `${total} ${all === 1 ? 'row' : 'rows'}` : `${some} of ${total} rows`;
}

/** Paper has no details to open. */
function openForPrint(): void {
  let opened: HTMLDetailsElement[] = [];
  addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll<HTMLDetailsElement>('details:not([open])')];
    for (const details of opened) details.open = true;
  });
  addEventListener('afterprint', () => {
    for (const details of opened) details.open = false;
  });
}
