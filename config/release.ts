/**
 * `node config/release.ts TAG`: whether what is checked out can be released as that tag. Prints its section of the changelog, or
 * ends with 1 and what is wrong. In GitHub's workflow also whether package.json names the repository, as provenance needs.
 */
import { readFile } from 'node:fs/promises';

export interface Release {
  /** `v` and the version. */
  readonly tag: string;
  /** The text of CHANGELOG.md. */
  readonly changelog: string;
  /** Of package.json. */
  readonly manifest: {
    readonly version: string;
    readonly repository?: string | { readonly url?: string };
  };
  /** `https://HOST/OWNER/NAME` that the workflow runs for. Default: not compared. */
  readonly repository?: string;
}

/** The section of the changelog that a release is described by. Throws an error with everything that is wrong. */
export function releaseNotes({ tag, changelog, manifest, repository }: Release): string {
  const { version } = manifest;
  const heading = `## [${version}] - `;
  const section = changelog.split(/^(?=## )/m).find((text) => text.startsWith(heading)) ?? '';
  const [first = '', ...body] = section.split('\n');
  const isDated = /^\d{4}-\d\d-\d\d$/.test(first.slice(heading.length));
  const notes = body.join('\n').trim();
  const wrong = [
    ...(tag === `v${version}` ? [] : [`the tag ${tag} is not v${version}, the version in package.json`]),
    ...(isDated ? [] : [`CHANGELOG.md has no line "${heading}YYYY-MM-DD"`]),
    ...(isDated && notes === '' ? [`CHANGELOG.md says nothing under [${version}]`] : []),
    ...wrongRepository(manifest, repository),
  ];
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return notes;
}

/** npm refuses a package whose provenance is of another repository than package.json says. */
function wrongRepository({ repository: named }: Release['manifest'], repository?: string): readonly string[] {
  if (repository === undefined) return [];
  const url = typeof named === 'string' ? named : named?.url;
  if (url?.replace(/^git\+/, '').replace(/\.git$/, '') === repository) return [];
  return [`package.json has no "repository": "git+${repository}.git"`];
}

if (import.meta.main) {
  const read = (name: string) => readFile(new URL(`../${name}`, import.meta.url), 'utf8');
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env;
  try {
    const notes = releaseNotes({
      tag: process.argv[2] ?? '',
      changelog: await read('CHANGELOG.md'),
      manifest: JSON.parse(await read('package.json')),
      ...(server && name && { repository: `${server}/${name}` }),
    });
    process.stdout.write(`${notes}\n`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
