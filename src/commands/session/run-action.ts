import type { Session } from './session.ts';

/**
 * What a command does: given its session, its options (the common ones included) and its arguments,
 * it resolves with the exit status of the process.
 */
export type Action<Options> = (session: Session, options: Options, operands: readonly string[]) => Promise<number>;

/** Makes a commander action of ours. */
export type RunAction = <Options>(action: Action<Options>) => (...commanderArguments: unknown[]) => Promise<void>;
