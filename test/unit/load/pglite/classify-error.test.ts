import { expect, test } from 'vitest';
import { classifyPgliteError } from '../../../../src/load/pglite/classify-error.ts';

const thrown = (properties: object) => Object.assign(new Error('told by somebody'), properties);

/** As Emscripten throws them: objects that are no errors, with numbers of WASI. */
const errno = (number: number) => ({ name: 'ErrnoError', errno: number });

test.each<[string, unknown, string, string]>([
  ['a full disk, by Emscripten', errno(51), 'no space', 'make room'],
  ['a quota, by Emscripten', errno(19), 'no space', 'make room'],
  ['a full disk, by Node', thrown({ code: 'ENOSPC', errno: -28 }), 'no space', 'make room'],
  ['a full disk, by SQLite', thrown({ code: 'ERR_SQLITE_ERROR', errcode: 13 }), 'no space', 'make room'],
  ['a full disk, by the database', thrown({ code: '53100', severity: 'ERROR' }), 'no space', 'make room'],
  ['a full disk in the middle of COPY', thrown({ code: '24000', severity: 'ERROR' }), 'no space', 'make room'],
  ['an unreadable file, by Emscripten', errno(2), 'may not be read', 'give it to the user'],
  ['an unreadable file, by the database', thrown({ code: '42501', severity: 'ERROR' }), 'told by somebody', 'give it'],
  ['a folder of somebody else, by Node', thrown({ code: 'EACCES' }), 'permission denied', 'may create and write'],
  ['a read-only disk, by Emscripten', errno(69), 'read only', 'writable'],
  ['a read-only disk, by SQLite, extended', thrown({ errcode: 8 + 4 * 256 }), 'read only', 'writable'],
  ['a broken disk, by Emscripten', errno(29), 'failed', 'from a copy'],
])('%s is a file that cannot be used', (_, error, message, remedy) => {
  expect(classifyPgliteError(error, 'scene')).toMatchObject({
    code: 'file_unusable',
    exitCode: 74,
    message: expect.stringContaining(message),
    remedy: expect.stringContaining(remedy),
  });
});

test.each<[string, unknown, string]>([
  ['a closed database', new Error('PGlite is closed'), 'target_unreachable'],
  ['a missing table', thrown({ code: '42P01', severity: 'ERROR' }), 'schema_outdated'],
  ['an unknown number of Emscripten', errno(77), 'internal'],
  ['an unknown error', new Error('what'), 'internal'],
])('%s is not', (_, error, code) => {
  expect(classifyPgliteError(error, 'scene')).toMatchObject({
    code,
    message: expect.not.stringContaining('[object'),
  });
});
