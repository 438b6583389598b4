/** The page of `scenedim report` in a real browser. */
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CliWorkspace } from '../support/cli-workspace.ts';
import { describeChromium, seriousFindings } from './chromium.ts';
import { hostileNames, makeSmallPage, writeLargePage } from './report-pages.ts';

const count = (page: Page) => page.locator('#count');
const rows = (page: Page) => page.locator('#scenes tbody tr');
const keysOf = (page: Page) => page.locator('#scenes tbody th').allTextContents();
const namesOf = (page: Page) => page.locator('#scenes tbody td:nth-child(2) > bdi').allTextContents();

describeChromium('the report', (open) => {
  let workspace: CliWorkspace;
  let file = '';

  beforeAll(async () => {
    ({ workspace, file } = await makeSmallPage());
  });
  afterAll(() => workspace[Symbol.asyncDispose]());

  test('opens without a message and without a request', async () => {
    await using opened = await open(file);
    await expect.poll(() => count(opened.page).textContent()).toBe('67 rows');
    expect(await opened.page.locator('form.controls').isVisible()).toBe(true);
    expect(opened.complaints).toEqual([]);
  });

  test('no date is broken at its hyphens', async () => {
    await using opened = await open(file);
    const lines = await opened.page
      .locator('#scenes td:nth-child(3) time, #scenes td:nth-child(4) > time')
      .evaluateAll((times) => times.map((time) => time.getClientRects().length));
    expect(lines.length).toBeGreaterThan(3);
    expect(new Set(lines)).toEqual(new Set([1]));
  });

  test.each(['light', 'dark'] as const)('axe-core finds nothing serious in the %s scheme', async (colorScheme) => {
    await using opened = await open(file, { colorScheme });
    const { page } = opened;
    expect(await seriousFindings(page)).toEqual([]);
    await page.fill('#search', '二维码');
    await page.selectOption('#show', 'changed');
    await expect.poll(() => count(page).textContent()).toMatch(/ of 67 rows$/);
    for (const summary of await page.locator('summary').all()) if (await summary.isVisible()) await summary.click();
    expect(await seriousFindings(page)).toEqual([]);
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(background).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(21, 24, 28)');
  });

  test.each([
    ['新名字', ['4']],
    ['扫一扫二维码', ['4', '4']],
    ['SCENE', []],
    ['903 零', ['903']],
    ['h5', ['39', '39']],
    ['WX2 h5', ['39']],
    ['<img', ['901']],
  ])('a search for %s finds scenes by key, by each of their names and by account', async (words, keys) => {
    await using opened = await open(file);
    await opened.page.fill('#search', words);
    await expect.poll(() => keysOf(opened.page)).toEqual(keys);
    expect(await count(opened.page).textContent()).toBe(`${keys.length} of 67 rows`);
    await opened.page.fill('#search', '');
    await expect.poll(() => count(opened.page).textContent()).toBe('67 rows');
  });

  test('shows what is in force, or what changed', async () => {
    await using opened = await open(file);
    const { page } = opened;
    await page.selectOption('#show', 'changed');
    expect(await keysOf(page)).toEqual(['4', '39']);
    await page.selectOption('#show', 'force');
    expect(await count(page).textContent()).toBe('66 of 67 rows');
  });

  test('sorts by a column, and back', async () => {
    await using opened = await open(file);
    const { page } = opened;
    const before = await namesOf(page);
    const header = page.locator('#scenes thead th', { hasText: 'Name' });
    await header.locator('button').click();
    expect(await header.getAttribute('aria-sort')).toBe('ascending');
    const ascending = await namesOf(page);
    expect(ascending).not.toEqual(before);
    expect(ascending).toEqual(before.toSorted(new Intl.Collator('zh', { numeric: true }).compare));
    await header.locator('button').click();
    expect(await header.getAttribute('aria-sort')).toBe('descending');
    expect((await namesOf(page))[0]).toBe(ascending.at(-1));
    await page.locator('#scenes button', { hasText: 'Scene' }).click();
    expect(await namesOf(page)).toEqual(before);
    expect(await page.locator('[aria-sort]').count()).toBe(1);
  });

  test('is used by keyboard alone', async () => {
    await using opened = await open(file);
    const { page } = opened;
    const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
    const press = async (key: string, until: string) => {
      for (let presses = 0; presses < 30; presses += 1) {
        await page.keyboard.press(key);
        if ((await focused()) === until) return;
      }
      throw new Error(`${until} is not reached by ${key}`);
    };
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the content');
    expect((await page.locator('.skip').boundingBox())?.x).toBeGreaterThanOrEqual(0);
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('main');
    await press('Tab', 'search');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
    expect(outline).toBe('solid');
    await page.keyboard.type('新名字');
    await expect.poll(() => keysOf(page)).toEqual(['4']);
    await press('Tab', 'Name');
    await page.keyboard.press('Enter');
    expect(await page.locator('th[aria-sort=ascending]').textContent()).toBe('Name');
    await press('Tab', '2 versions');
    await page.keyboard.press('Enter');
    expect(await page.locator('#scenes ol').textContent()).toMatch(
      /扫一扫二维码 beginning to .*, renamed新名字 .* to now/,
    );
  });

  test('shows every name as the text that it is', async () => {
    await using opened = await open(file);
    const { page } = opened;
    const shown = await rows(page).evaluateAll((all) =>
      all.map((row) => [row.querySelector('th')?.textContent, row.querySelector('bdi')?.textContent] as const),
    );
    const named = new Map(shown);
    for (const [key, name] of Object.entries(hostileNames)) expect([key, named.get(key)]).toEqual([key, name]);
    expect(named.get('</td>')).toBe('键');
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('script').count()).toBe(2);
    expect(await rows(page).filter({ hasText: 'U+202E U+200B' }).count()).toBe(1);
    expect(opened.complaints).toEqual([]);
  });

  test('shortens a long name by its looks alone', async () => {
    await using opened = await open(file);
    const long = rows(opened.page)
      .filter({ hasText: hostileNames[905] ?? '' })
      .locator('bdi')
      .first();
    expect(await long.getAttribute('title')).toBe(hostileNames[905]);
    const huge = opened.page.locator('#scenes bdi.long').first();
    const looks = await huge.evaluate((name) => [
      name.scrollWidth > name.clientWidth,
      getComputedStyle(name).textOverflow,
    ]);
    expect(looks).toEqual([true, 'ellipsis']);
  });

  test('is printed with everything open, without controls, with a head on each page', async () => {
    await using opened = await open(file);
    const { page } = opened;
    await page.emulateMedia({ media: 'print' });
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    expect(await page.locator('form.controls, nav, .skip').filter({ visible: true }).count()).toBe(0);
    const closed = await page.locator('details ol, details ul, details table').filter({ visible: false }).count();
    expect(closed).toBe(0);
    const displays = await page
      .locator('#scenes')
      .evaluate((table) =>
        ['thead', 'tbody', 'tr', 'td'].map((part) => getComputedStyle(table.querySelector(part) ?? table).display),
      );
    expect(displays).toEqual(['table-header-group', 'table-row-group', 'table-row', 'table-cell']);
    const long = await page
      .locator('#scenes bdi.long')
      .first()
      .evaluate((name) => getComputedStyle(name).whiteSpace);
    expect(long).toBe('normal');
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    expect(await page.locator('details[open]').count()).toBe(0);
  });

  test('stays a table for whoever cannot see it, though it is laid out in another way', async () => {
    await using opened = await open(file);
    const table = opened.page.getByRole('table', { name: /^Scenes, and when/ });
    await expect.poll(() => table.locator('[role=row]').count()).toBe(68);
    const roles = await rows(opened.page)
      .first()
      .evaluate((row) => [row, ...row.children].map((part) => part.getAttribute('role')));
    expect(roles).toEqual(['row', 'rowheader', 'cell', 'cell', 'cell', 'cell']);
    expect(await table.getByRole('columnheader').count()).toBe(5);
  });

  test('shows every row without its script', async () => {
    await using opened = await open(file, { javaScriptEnabled: false });
    expect(await rows(opened.page).count()).toBe(67);
    expect(await opened.page.locator('form.controls').isVisible()).toBe(false);
  });

  test.each([400, 1_000, 1_280])('fits into %i pixels', async (width) => {
    await using opened = await open(file, { viewport: { width, height: 800 } });
    const { page } = opened;
    await page.locator('#drift summary').click();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    expect(await page.locator('.bars').first().isVisible()).toBe(true);
    expect(await seriousFindings(page)).toEqual([]);
  });

  test.each([
    ['reduce', 'auto'],
    ['no-preference', 'smooth'],
  ] as const)('with %s as the wish for motion, it scrolls in the way %s', async (reducedMotion, behaviour) => {
    await using opened = await open(file, { reducedMotion });
    expect(await opened.page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior)).toBe(behaviour);
  });

  describe('of much', () => {
    let directory: Awaited<ReturnType<typeof mkdtempDisposable>>;
    beforeAll(async () => {
      directory = await mkdtempDisposable(join(tmpdir(), 'report-pages-'));
    });
    afterAll(() => directory[Symbol.asyncDispose]());

    test('10,000 scenes are all there, to be searched and sorted', async () => {
      const large = join(directory.path, 'scenes.html');
      await writeLargePage(large, 200, 50, (account, key) => `场景 ${account}-${key}`);
      await using opened = await open(large);
      const { page } = opened;
      expect(await rows(page).count()).toBe(10_000);
      await page.fill('#search', '场景 199-50');
      await expect.poll(() => keysOf(page)).toEqual(['50']);
      await page.fill('#search', '');
      await expect.poll(() => count(page).textContent()).toBe('10,000 rows');
      await page.locator('#scenes button', { hasText: 'Name' }).click();
      expect((await namesOf(page)).slice(0, 2)).toEqual(['场景 0-1', '场景 0-2']);
      expect(await rows(page).count()).toBe(10_000);
      expect(await page.locator('#scenes tbody').count()).toBe(100);
      expect(opened.complaints).toEqual([]);
    });

    test('a thousand accounts that agree need the rows of one, and each is found', async () => {
      const large = join(directory.path, 'accounts.html');
      await writeLargePage(large, 1_000, 58, (account, key) => (account === 500 && key === 7 ? '别的' : `场景 ${key}`));
      await using opened = await open(large);
      const { page } = opened;
      expect(await rows(page).count()).toBe(59);
      await page.fill('#search', 'wx0000000000000500');
      await expect.poll(() => rows(page).count()).toBe(58);
      expect(await rows(page).filter({ hasText: '别的' }).count()).toBe(1);
      await page.locator('#scenes summary', { hasText: '999 accounts' }).waitFor({ state: 'detached' });
      expect(await seriousFindings(page)).toEqual([]);
      expect(opened.complaints).toEqual([]);
    });
  });
});
