import { expect, test } from 'vitest';
import { ScriptRunner } from '../../../src/simulator/script-runner.ts';
import { parseSimulatorScript } from '../../../src/simulator/simulator-script.ts';

test('each account has its own count; steps of the same count are done in the order of the script', () => {
  const done: string[] = [];
  const script = parseSimulatorScript(`
- { after: 1, app_id: wx1, add: { key: 1, name: own } }
- { after: 1, add: { key: 2, name: all } }
- { after: 0, add: { key: 3, name: first } }
- { after: 3, app_id: wx2, add: { key: 4, name: third } }
`);
  const runner = new ScriptRunner(script, (action, appId) => {
    if (action.kind === 'change' && action.change.change === 'add') done.push(`${appId} ${action.change.name}`);
  });
  const ask = (appId: string) => {
    runner.beforeList(appId);
    runner.listGiven(appId);
    return done.splice(0);
  };
  expect([ask('wx1'), ask('wx1'), ask('wx1')]).toEqual([['wx1 first'], ['wx1 own', 'wx1 all'], []]);
  expect([ask('wx2'), ask('wx2'), ask('wx2'), ask('wx2')]).toEqual([['wx2 first'], ['wx2 all'], [], ['wx2 third']]);
});
