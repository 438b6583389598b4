import { ScenedimError } from '../../errors.ts';
import { describeUnreadable, readText } from '../../text-file.ts';

/**
 * The password that a file holds alone, as a mounted secret does; one trailing newline is stripped. Unlike a `.pgpass`, others
 * may read it: whoever mounts it decides. `config_invalid` when there is none.
 */
export async function readMountedPassword(path: string): Promise<string> {
  const text = await readText(path).catch((cause: unknown) => {
    const { why, remedy } = describeUnreadable(cause, 'mount the password there, or correct target.passwordFile');
    throw new ScenedimError('config_invalid', `target.passwordFile: the file ${path} ${why}`, { remedy, cause });
  });
  const password = text.replace(/\r?\n$/, '');
  if (password !== '') return password;
  throw new ScenedimError('config_invalid', `target.passwordFile: the file ${path} is empty`, {
    remedy: 'put the password of the role there',
  });
}
