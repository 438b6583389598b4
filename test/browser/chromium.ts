/** A real Chromium, and what is to say about a page in it. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe } from 'vitest';
import { skipVisibly } from '../support/postgres.ts';

const executablePath = '/usr/bin/chromium';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** An open page; `complaints` are its console messages, errors, dialogs, and requests for anything but the file. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  readonly complaints: readonly string[];
}

export type OpenFile = (file: string, options?: BrowserContextOptions) => Promise<OpenPage>;

/** Runs a suite in Chromium; without one it is a visible skip, or a failure where none is allowed. */
export function describeChromium(name: string, suite: (open: OpenFile) => void): void {
  if (!existsSync(executablePath)) {
    skipVisibly(name, 'no chromium: apt-get install -y --no-install-recommends chromium fonts-noto-cjk');
    return;
  }
  describe(name, () => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
    });
    afterAll(() => browser?.close());
    suite(async (file, options = {}) => {
      if (browser === undefined) throw new Error('the browser is there only inside tests');
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('dialog', (dialog) => {
        complaints.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      page.on('request', (request) => {
        if (!request.url().startsWith('file:') && !request.url().startsWith('data:')) complaints.push(request.url());
      });
      await page.goto(`file://${file}`);
      return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
    });
  });
}

/** What axe-core finds serious or critical. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate<AxeResults>('axe.run()');
  if (passes.length < 10) throw new Error('axe-core has looked at nothing');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`));
}
