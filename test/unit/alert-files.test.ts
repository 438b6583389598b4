/** The alerts for Prometheus name what there is. That they fire when they should, promtool tells: test/operators/. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { standingStates } from '../../src/commands/target/standing-after-run.ts';
import { errorCodes } from '../../src/errors.ts';
import { problemKinds } from '../../src/pipeline/run/run-report.ts';
import { commonLabels, metricFamilies } from '../../src/telemetry/prometheus-metrics.ts';
import { optionsByCommand } from '../support/command-options.ts';
import { textOf } from '../support/documents.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const { groups } = parse(textOf('config/monitoring/alerts.yaml')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const families = new Map(metricFamilies.map((family) => [family.name, family]));

/** What a label may be compared with; any text for those that are not here. */
const known: Readonly<Record<string, readonly string[]>> = {
  command: ['sync', 'replay', 'rebuild', 'verify', 'compact'],
  state: standingStates,
  kind: [...problemKinds, 'violation'],
  code: [...Object.keys(errorCodes), 'roster_shrunk'],
};

test.each(rules)('$alert asks for metrics and labels that runs write', ({ expr }) => {
  const selectors = [...expr.matchAll(/\b(scenedim_\w+)(?:\{(.*?)\})?/g)];
  expect(selectors.length).toBeGreaterThan(0);
  for (const [, name = '', matchers = ''] of selectors) {
    const labels = [...commonLabels, ...(families.get(name)?.labels ?? [])];
    expect([...families.keys()]).toContain(name);
    for (const [, label = '', value = ''] of matchers.matchAll(/(\w+)!?="(.*?)"/g)) {
      expect(labels).toContain(label);
      expect(known[label] ?? [value]).toContain(value);
    }
  }
});

test.each(rules)('$alert says how bad it is, what is so, and what to do', async ({ labels, annotations }) => {
  expect(Object.keys(annotations).sort()).toEqual(['description', 'summary']);
  expect(['critical', 'warning']).toContain(labels['severity']);
  const options = await optionsByCommand();
  const { description = '' } = annotations;
  for (const [, command = '', args = ''] of description.matchAll(/`scenedim ([a-z-]+)([^`]*)`/g)) {
    expect([...options.keys()]).toContain(command);
    for (const [option] of args.matchAll(/--[a-z-]+/g)) expect(options.get(command)).toContain(option);
  }
});
