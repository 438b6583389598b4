import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../../src/instant.ts';
import { parseSimulatorAction, parseSimulatorScript } from '../../../src/simulator/simulator-script.ts';

describe('a script of the simulator', () => {
  it('reads steps in YAML', () => {
    const script = parseSimulatorScript(`
- after: 1
  rename: { key: 4, name: 扫一扫二维码 }
- at: 2026-03-01T08:00:00+08:00
  app_id: wx1
  remove: { key: "@_all" }
- after: 2
  fault: { name: html_502, times: always }
`);
    expect(script).toEqual([
      {
        when: { after: 1 },
        appId: undefined,
        action: { kind: 'change', appId: undefined, change: { change: 'rename', key: 4, name: '扫一扫二维码' } },
      },
      {
        when: { at: parseInstant('2026-03-01T00:00:00Z') },
        appId: 'wx1',
        action: { kind: 'change', appId: 'wx1', change: { change: 'remove', key: '@_all' } },
      },
      {
        when: { after: 2 },
        appId: undefined,
        action: { kind: 'fault', fault: { fault: 'html_502', times: 'always' } },
      },
    ]);
  });

  it('reads steps in JSON, and an empty file', () => {
    expect(parseSimulatorScript('[{"after":0,"add":{"key":58,"name":"新"}}]')).toEqual([
      {
        when: { after: 0 },
        appId: undefined,
        action: { kind: 'change', appId: undefined, change: { change: 'add', key: 58, name: '新' } },
      },
    ]);
    expect(parseSimulatorScript('')).toEqual([]);
  });

  it.each([
    ['- after: 1\n  rename: {key: 4}', /^s\.yaml:1: step 1, rename\.name: /],
    ['- {after: 1, remove: {key: 4}}\n- {remove: {key: 4}}', /^s\.yaml:2: step 2: needs either `after` .* or `at`/],
    ['- {after: 1, at: 2026-01-01T00:00:00Z, remove: {key: 4}}', /needs either/],
    ['- after: 1', /needs exactly one of `rename`, `add`, `remove`, `fault`, `roster`, `tickets`/],
    ['- {after: 1, roster: {shift: leave, app_id: wx1}}', /step 1, roster\.shift: /],
    ['- {after: 1, remove: {key: 4}, add: {key: 4, name: x}}', /needs exactly one/],
    ['- {at: 2026-02-30T00:00:00Z, remove: {key: 4}}', /step 1, at: not an RFC 3339 time/],
    ['- {after: 1, fault: {name: html_503}}', /step 1, fault\.name: .*html_502/],
    ['- {after: 1, remvoe: {key: 4}}', /remvoe/],
    ['rename: 4', /^s\.yaml:1: .*array/i],
    ['- after: [', /^s\.yaml:1: /],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => parseSimulatorScript(text, 's.yaml')).toThrow(message);
  });

  it('reads one action for the control endpoint', () => {
    expect(parseSimulatorAction({ fault: { name: 'slow', delay_ms: 5 }, app_id: 'wx1' })).toEqual({
      kind: 'fault',
      fault: { fault: 'slow', appId: 'wx1', delayMs: 5 },
    });
    expect(parseSimulatorAction({ roster: { shift: 'authorize', app_id: 'wx1', before_offset: 500 } })).toEqual({
      kind: 'roster',
      shift: { shift: 'authorize', account: { appId: 'wx1' }, beforeOffset: 500 },
    });
    expect(parseSimulatorAction({ tickets: 'expire' })).toEqual({ kind: 'tickets', what: 'expire' });
    expect(() => parseSimulatorAction(null)).toThrow(/^body: /);
  });
});
