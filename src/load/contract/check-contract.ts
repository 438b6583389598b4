import { describe, expect, it } from 'vitest';
import type { Finding } from '../loader.ts';
import type { ContractTargets } from './contract-target.ts';
import { neverAborted, openEmptyTarget, openTarget, stateOf } from './contract-target.ts';

export function describeCheck(targets: ContractTargets, secrets: readonly string[]): void {
  describe('check', () => {
    it('has findings about an empty target and writes nothing', async () => {
      await using target = await openEmptyTarget(targets);
      expectFindings(await target.loader.check(neverAborted), secrets);
      expect(await target.loader.readMeta(neverAborted)).toBeNull();
    });

    it('finds no error in a migrated target and writes nothing', async () => {
      await using target = await openTarget(targets);
      const before = await stateOf(target.loader);
      const findings = await target.loader.check(neverAborted);
      expectFindings(findings, secrets);
      expect(findings.filter(({ level }) => level === 'error')).toEqual([]);
      expect(await stateOf(target.loader)).toEqual(before);
    });

    it('describes the target in words without credentials', async () => {
      await using target = await openEmptyTarget(targets);
      const { kind, description } = target.loader;
      expect(kind).toMatch(/\S/);
      expect(description).toMatch(/\S/);
      expect(description).not.toMatch(/:\/\/[^/\s]*:[^/\s]*@/);
      for (const secret of secrets) expect(description).not.toContain(secret);
    });
  });
}

function expectFindings(findings: readonly Finding[], secrets: readonly string[]): void {
  expect(findings).not.toEqual([]);
  for (const { level, subject, message, remedy } of findings) {
    expect(['ok', 'warning', 'error']).toContain(level);
    expect(subject).toMatch(/\S/);
    expect(message).toMatch(/\S/);
    for (const secret of secrets) expect([subject, message, remedy].join('\n')).not.toContain(secret);
  }
}
