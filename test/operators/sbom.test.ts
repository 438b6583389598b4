/** What `npm run sbom` prints, judged by the schema of CycloneDX 1.5 in the project's own Python library. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../support/documents.ts';
import { describeWithTool, folderOf, pythonTool } from '../support/installed-tool.ts';

const cycloneDx = pythonTool('operators-sbom', new URL('requirements/sbom.txt', import.meta.url).pathname);

/** What is wrong with a bill, a line each. */
function flaws(bill: object): readonly string[] {
  const script = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
for error in JsonStrictValidator(SchemaVersion.V1_5).validate_str(sys.stdin.read(), all_errors=True) or []:
    print(error.data.message)`;
  const python = join(folderOf(cycloneDx), 'bin/python');
  const { stdout, stderr } = spawnSync(python, ['-c', script], { input: JSON.stringify(bill), encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describeWithTool('CycloneDX', cycloneDx, () => {
  const bill = JSON.parse(execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: root, encoding: 'utf8' }));

  test('takes the bill, strictly', () => {
    expect(flaws(bill)).toEqual([]);
  });

  test('sees a licence that is none, and a key that is none', () => {
    const [first, ...others] = bill.components;
    const planted = { ...first, licenses: [{ license: { id: 'MIT-ish' } }], colour: 'red' };
    expect(flaws({ ...bill, components: [planted, ...others] })).toEqual([
      expect.stringContaining("'colour' was unexpected"),
      expect.stringContaining('MIT-ish'),
    ]);
  });
});
