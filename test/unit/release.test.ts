/** A tag is released only as what the package and the changelog say that it is. */
import { describe, expect, test } from 'vitest';
import { type Release, releaseNotes } from '../../config/release.ts';
import { textOf } from '../support/documents.ts';

const release: Release = {
  tag: 'v1.2.0',
  changelog:
    '# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-03-01\n\n### Added\n\n- This.\n\n## [1.1.0] - 2026-02-01\n\n- That.\n',
  manifest: { version: '1.2.0', repository: { url: 'git+https://example.org/me/scenedim.git' } },
  repository: 'https://example.org/me/scenedim',
};

test('the notes are the section of that version alone', () => {
  expect(releaseNotes(release)).toBe('### Added\n\n- This.');
  const { repository: _, ...elsewhere } = { ...release, tag: 'v1.1.0', manifest: { version: '1.1.0' } };
  expect(releaseNotes(elsewhere)).toBe('- That.');
});

describe('refused', () => {
  const undated = release.changelog.replace('2026-03-01', 'unreleased');
  test.each<[string, Partial<Release>, string]>([
    ['another tag', { tag: 'v1.2.1' }, 'the tag v1.2.1 is not v1.2.0, the version in package.json'],
    ['a tag without v', { tag: '1.2.0' }, 'the tag 1.2.0 is not v1.2.0, the version in package.json'],
    ['no section', { changelog: '## [11.2.0] - 2026-03-01\n\n- This.\n' }, 'no line "## [1.2.0] - YYYY-MM-DD"'],
    ['a section without a date', { changelog: undated }, 'no line "## [1.2.0] - YYYY-MM-DD"'],
    ['an empty section', { changelog: '## [1.2.0] - 2026-03-01\n\n## [1.1.0]\n' }, 'says nothing under [1.2.0]'],
    ['no repository', { manifest: { version: '1.2.0' } }, '"repository": "git+https://example.org/me/scenedim.git"'],
    ['another repository', { repository: 'https://example.org/you/scenedim' }, 'example.org/you/scenedim.git"'],
  ])('is %s', (_, change, message) => {
    expect(() => releaseNotes({ ...release, ...change })).toThrow(message);
  });
});

test('the version of package.json has a section', () => {
  const { version } = JSON.parse(textOf('package.json'));
  expect(textOf('CHANGELOG.md')).toContain(`\n## [${version}] - `);
});
