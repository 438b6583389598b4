import { isScenedimError } from '../../errors.ts';
import type { Finding } from '../../load/loader.ts';

/** A finding of `check`, with the exit status that it alone would lead to. */
export interface CheckedFinding extends Finding {
  readonly exitCode: number;
}

/** Which of two findings is worse, as for a run; a defect of ours before all. */
const worstFirst: readonly number[] = [70, 78, 77, 69, 74, 75, 65, 0];

export function worstExitCode(findings: readonly CheckedFinding[]): number {
  return worstFirst.find((code) => findings.some((finding) => finding.exitCode === code)) ?? 0;
}

/** The error that some work ended with as a finding; anything unexpected is thrown on. */
export function findingOf(error: unknown, subject: string): CheckedFinding {
  if (!isScenedimError(error) || error.code === 'interrupted') throw error;
  const { message, remedy, exitCode } = error;
  return { level: 'error', subject, message, ...(remedy !== undefined && { remedy }), exitCode };
}
