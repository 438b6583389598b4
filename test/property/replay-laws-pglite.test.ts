import { afterAll, beforeAll, describe, it } from 'vitest';
import {
  checkLaw,
  databaseRuns,
  idsNeverChangeTheirName,
  logMovesBetweenTargets,
  orderDoesNotMatter,
  repeatingChangesNothing,
  stepsEqualOneFile,
} from '../support/replay-laws.ts';
import { createSharedPglite, type SharedPglite } from '../support/shared-pglite.ts';

const RUNS = databaseRuns(40);

describe('a dimension in PGlite', () => {
  let shared: SharedPglite;
  beforeAll(async () => {
    shared = await createSharedPglite();
  });
  afterAll(() => shared[Symbol.asyncDispose]());
  const createTarget = () => shared.createLoader();

  it('is the same for any order and any split of its observations', () =>
    checkLaw(orderDoesNotMatter(createTarget), RUNS));
  it('is the same whether answers come one by one or in one file', () =>
    checkLaw(stepsEqualOneFile(createTarget), RUNS));
  it('is not changed by replaying or rebuilding it', () => checkLaw(repeatingChangesNothing(createTarget), RUNS));
  it('can be moved by its log, decisions included', () => checkLaw(logMovesBetweenTargets(createTarget), RUNS));
  it('never gives one version_id two names', () => checkLaw(idsNeverChangeTheirName(createTarget), RUNS));
});
