import { describe, expect, it } from 'vitest';
import { createMemoryLoader } from '../../../../src/load/memory/memory-loader.ts';
import { accept, hold } from '../../../../src/pipeline/decide.ts';
import { rebuild } from '../../../../src/pipeline/rebuild.ts';
import { replay } from '../../../../src/pipeline/replay.ts';
import { migrateTarget } from '../../../../src/pipeline/run/prepare-target.ts';
import type { RunContext } from '../../../../src/pipeline/run/run-context.ts';
import { verify } from '../../../../src/pipeline/verify.ts';
import { contextFor, inputOf } from '../../../support/run-case.ts';

const line = '{"app_id":"wx1","observed_at":"2026-01-02T00:00:00Z","body":{"scene":[{"name":"A","value":1}]}}';

const commands: Readonly<Record<string, (context: RunContext) => Promise<unknown>>> = {
  replay: (context) => replay(context, { input: inputOf([line]), name: 'x' }),
  accept: (context) => accept(context, { appId: 'wx1', observedAt: null }),
  hold: (context) => hold(context, { appId: 'wx1', observedAt: 1_767_312_000_000_000n }),
  rebuild,
  verify,
};

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'done',
    (error: unknown) => [(error as { code: string }).code, (error as { remedy: string }).remedy],
  );
}

const rebuildFirst = ['settings_differ', 'run `scenedim rebuild`, or set the config back'];
const migrateFirst = ['settings_differ', 'run `scenedim migrate`, or set the config back'];

describe('a config that differs from the settings of the target', () => {
  it.each([
    [
      'firstSeen',
      { firstSeen: 'observed' },
      { replay: rebuildFirst, accept: rebuildFirst, hold: rebuildFirst, rebuild: 'done', verify: rebuildFirst },
    ],
    [
      'timeZone',
      { timeZone: 'UTC' },
      { replay: migrateFirst, accept: migrateFirst, hold: migrateFirst, rebuild: migrateFirst, verify: migrateFirst },
    ],
    [
      'both',
      { firstSeen: 'observed', timeZone: 'UTC' },
      { replay: migrateFirst, accept: migrateFirst, hold: migrateFirst, rebuild: migrateFirst, verify: migrateFirst },
    ],
  ])('stops every command that %s concerns, and its remedy works', async (_, dimension, wanted) => {
    for (const [name, run] of Object.entries(commands)) {
      await using loader = createMemoryLoader();
      await commands['replay']?.(contextFor(loader, { dimension: {}, guards: {} }));
      const changed = contextFor(loader, { dimension, guards: {} });
      expect(await codeOf(run(changed)), name).toEqual(wanted[name as keyof typeof wanted]);
      await migrateTarget(changed);
      await rebuild(changed);
      expect(await codeOf(verify(changed)), name).toBe('done');
    }
  });
});
