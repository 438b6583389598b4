/** The run that started this one, as the members of the facet `parent`. */
export interface ParentRun {
  readonly run: { readonly runId: string };
  readonly job: { readonly namespace: string; readonly name: string };
  readonly root?: Pick<ParentRun, 'run' | 'job'>;
}

const PARENT = /^(.+)\/([^/]+)\/([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i;

/**
 * The parent of `OPENLINEAGE_PARENT_ID` and the root of `OPENLINEAGE_ROOT_PARENT_ID`: `NAMESPACE/JOB/RUN`, as Airflow's
 * `lineage_parent_id` gives it; a namespace may have slashes. What is no such id is told to `warn` and left out.
 */
export function parentRunOf(
  environment: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): ParentRun | null {
  const read = (variable: string): Pick<ParentRun, 'run' | 'job'> | null => {
    const text = environment[variable]?.trim();
    if (text === undefined || text === '') return null;
    const [, namespace, name, runId] = PARENT.exec(text) ?? [];
    if (namespace !== undefined && name !== undefined && runId !== undefined) {
      return { run: { runId }, job: { namespace, name } };
    }
    warn(`${variable} is not NAMESPACE/JOB/RUN with a UUID as run`);
    return null;
  };
  const parent = read('OPENLINEAGE_PARENT_ID');
  if (parent === null) return null;
  const root = read('OPENLINEAGE_ROOT_PARENT_ID');
  return root === null ? parent : { ...parent, root };
}
