import { ScenedimError } from '../errors.ts';

/** A stored text as the member of a closed set that it must be; anything else was not written by scenedim. */
export function oneOf<Member extends string>(members: readonly Member[], text: string, column: string): Member {
  const member = members.find((each) => each === text);
  if (member !== undefined) return member;
  throw new ScenedimError('target_invalid', `${column} holds "${text}"`, {
    remedy: `it was changed by hand: set it back to one of ${members.join(', ')}`,
  });
}

/** Like {@link oneOf}; null stays null. */
export function oneOfOrNull<Member extends string>(
  members: readonly Member[],
  text: string | null,
  column: string,
): Member | null {
  return text === null ? null : oneOf(members, text, column);
}
