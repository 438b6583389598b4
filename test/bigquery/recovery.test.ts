/** The recipe of config/recovery/README.md that moves a dimension from PostgreSQL to BigQuery, run as it stands there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseConfigDocument } from '../../src/config/config-document.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { describeBigquery } from '../support/bigquery.ts';
import { documentBlocks } from '../support/documents.ts';
import { describePostgres } from '../support/postgres.ts';
import { createRecoveryStage, recoveryDocument } from '../support/recovery-stage.ts';
import { replayLog } from '../support/replay-log.ts';

const appId = 'wx0123456789abcdef';
const move = 'Move to BigQuery';
const lines = [...replayLog({ accounts: 50, scenes: 12, answers: 3, order: 'account' })].join('\n');

/** The config of the document, with another place. */
function configOf(place: object, dataset: string, baseUrl: string) {
  const block = documentBlocks.find(({ document, info }) => document === recoveryDocument && info === 'yaml config');
  const config = parseConfigDocument(block?.text ?? '', recoveryDocument, {}).values as {
    readonly source: object;
    readonly target: object;
  };
  return { ...config, source: { ...config.source, baseUrl }, target: { ...config.target, ...place, dataset } };
}

describeBigquery('a move to BigQuery', ({ place, freshName, dropDataset }) => {
  describePostgres(
    'from a server',
    ({ createDatabase }) => {
      test('fills it, follows until the switch, and holds the same to the byte', { timeout: 600_000 }, async () => {
        await using database = await createDatabase();
        await using simulator = await startSimulator();
        const dataset = freshName();
        await using _dataset: AsyncDisposable = { [Symbol.asyncDispose]: () => dropDataset(dataset) };
        const accounts = [{ appId, accessToken: { env: 'WECHAT_ACCESS_TOKEN' } }];
        await using stage = await createRecoveryStage(
          { source: { baseUrl: simulator.url, accounts }, target: { type: 'postgres', url: database.url } },
          { WECHAT_ACCESS_TOKEN: simulator.accessToken(appId) },
        );
        await stage.write('bigquery.yaml', stringify(configOf(place(), dataset, simulator.url)));
        await stage.succeed('scenedim sync');
        await stage.shell('scenedim replay -', lines);

        expect(await stage.follow(move)).toContain('verify  all right');
        await stage.follow(move, 2);
        simulator.change({ change: 'rename', key: 4, name: '新名' });
        await stage.succeed('scenedim sync');
        expect(await stage.follow(move)).toContain('verify  all right');
        await stage.follow(move, 2);
        const moved = await readFile(join(stage.directory, 'bigquery.ndjson'), 'utf8');
        expect(moved).toBe((await stage.contents()).dimension);
        expect(moved).toContain('新名');
        expect(await stage.succeed('scenedim export-log --config bigquery.yaml')).toBe((await stage.contents()).log);

        // The switch.
        simulator.change({ change: 'rename', key: 4, name: '又新名' });
        expect(await stage.succeed('scenedim sync --config bigquery.yaml')).toContain('1 opened, 1 closed');
        expect(await stage.succeed('scenedim verify --config bigquery.yaml')).toContain('all right');
        const switched = await stage.succeed('scenedim export --config bigquery.yaml');
        const kept = moved.split('\n').filter((row) => !row.includes('新名'));
        expect(kept.filter((row) => !switched.includes(row))).toEqual([]);
      });
    },
    { versions: 'newest' },
  );
});
