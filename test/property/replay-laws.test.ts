import { describe, it } from 'vitest';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import {
  checkLaw,
  idsNeverChangeTheirName,
  logMovesBetweenTargets,
  orderDoesNotMatter,
  repeatingChangesNothing,
  stepsEqualOneFile,
} from '../support/replay-laws.ts';

const createTarget = async () => createMemoryLoader();

describe('a dimension in memory', () => {
  it('is the same for any order and any split of its observations', () =>
    checkLaw(orderDoesNotMatter(createTarget), 400));
  it('is the same whether answers come one by one or in one file', () =>
    checkLaw(stepsEqualOneFile(createTarget), 400));
  it('is not changed by replaying or rebuilding it', () => checkLaw(repeatingChangesNothing(createTarget), 200));
  it('can be moved by its log, decisions included', () => checkLaw(logMovesBetweenTargets(createTarget), 300));
  it('never gives one version_id two names', () => checkLaw(idsNeverChangeTheirName(createTarget), 200));
});
