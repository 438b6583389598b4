/**
 * `npm run sbom`: the software bill of materials of what the image adds to its base, as CycloneDX. npm writes it for the whole
 * lockfile; what stays is the bundle's packages and PGlite, and the Node that runs this comes in.
 */
import { execFileSync } from 'node:child_process';
import { outsideOfCommandLine, packagesInCommandLine } from './build.ts';

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly scope?: string;
}

interface Dependency {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}

const root = new URL('..', import.meta.url).pathname;
const arguments_ = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'];
const all = JSON.parse(execFileSync('npm', arguments_, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 }));
const itself: Component = all.metadata.component;

const bundled = new Set((await packagesInCommandLine()).map(({ name, version }) => `${name}@${version}`));
const isInside = ({ name, version }: Component): boolean =>
  bundled.has(`${name}@${version}`) || outsideOfCommandLine.includes(name);
// What only development needs is optional for npm, though it may be in the bundle.
const packages = (all.components as Component[]).filter(isInside).map((each) => ({ ...each, scope: 'required' }));
const missing = bundled.difference(new Set(packages.map(({ name, version }) => `${name}@${version}`)));
if (missing.size > 0) throw new Error(`in the bundle and not in the lockfile: ${[...missing].join(', ')}`);

const node = {
  'bom-ref': `node@${process.versions.node}`,
  type: 'platform',
  name: 'node',
  version: process.versions.node,
  scope: 'required',
  cpe: `cpe:2.3:a:nodejs:node.js:${process.versions.node}:*:*:*:*:*:*:*`,
  purl: `pkg:generic/node@${process.versions.node}`,
  licenses: [{ license: { id: 'MIT' } }],
};

const components = [...packages, node];
const refs = new Set(components.map((each) => each['bom-ref']));
const inside = (dependency: Dependency): Dependency => ({
  ref: dependency.ref,
  dependsOn: dependency.dependsOn.filter((ref) => refs.has(ref)),
});
const bill = {
  ...all,
  metadata: { ...all.metadata, component: { ...itself, name: 'scenedim' } },
  components,
  dependencies: (all.dependencies as Dependency[])
    .filter(({ ref }) => refs.has(ref) || ref === itself['bom-ref'])
    .map(inside),
};
process.stdout.write(`${JSON.stringify(bill, undefined, 2)}\n`);
