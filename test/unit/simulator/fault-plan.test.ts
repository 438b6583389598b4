import { expect, test } from 'vitest';
import { FaultPlan } from '../../../src/simulator/fault-plan.ts';

test('faults of one account and of all come in the order in which they were added, each as often as it says', () => {
  const plan = new FaultPlan();
  plan.add({ fault: 'html_502', appId: 'wx1' });
  plan.add({ fault: 'html_504' });
  plan.add({ fault: 'system_busy', appId: 'wx1', times: 2 });
  plan.add({ fault: 'not_json', times: 'always' });
  const take = (appId: string | null) => plan.take('get_scene', appId)?.fault;
  expect(plan.take('stable_token', 'wx1')).toBe(undefined);
  expect([take('wx1'), take('wx2'), take('wx2'), take('wx1'), take('wx1'), take('wx1'), take(null)]).toEqual([
    'html_502',
    'html_504',
    'not_json',
    'system_busy',
    'system_busy',
    'not_json',
    'not_json',
  ]);
  plan.clear();
  expect(take('wx1')).toBe(undefined);
});

test('a fault fits some endpoints only', () => {
  const plan = new FaultPlan();
  for (const [fault, endpoint] of [
    ['empty_page', 'get_scene'],
    ['empty_refresh_token', 'component_token'],
    ['malformed_token', 'authorizer_list'],
    ['conflict', 'authorizer_list'],
  ] as const) {
    expect(() => plan.add({ fault, endpoint })).toThrow(`the fault ${fault} does not fit ${endpoint}`);
  }
});
