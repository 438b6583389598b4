/**
 * A BigQuery of our own for tests: plays the life of jobs, faults and quotas over HTTP, and records what it was asked. It runs no
 * SQL: a query gives what the test says. Strict where emulators are not: job ids and locations count, and rows of a load must
 * have the columns of their table.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod';
import { type Fault, FaultPlan, type PlannedFault } from './fake-bigquery-faults.ts';
import { type FakeJob, type FakeResult, type JobFailure, RunningJob, resultPage } from './fake-bigquery-jobs.ts';
import {
  describeJob,
  type FakeRequest,
  type JobResource,
  jobResource,
  readRequest,
  tableId,
} from './fake-bigquery-request.ts';

export { faults, type PlannedFault } from './fake-bigquery-faults.ts';
export type { FakeJob, FakeResult } from './fake-bigquery-jobs.ts';
export type { FakeRequest } from './fake-bigquery-request.ts';

export interface FakeBigqueryOptions {
  /** Datasets that are there, with their locations; default `{ scene: 'US' }`. */
  readonly datasets?: Readonly<Record<string, string>>;
  /** Tables that are there, as `dataset/tables/table`; default: none. Queries do not look at that. */
  readonly tables?: readonly string[];
  /** What else the resource of a dataset or a table says, by `dataset` or `dataset/tables/table`; default: nothing. */
  readonly resources?: Readonly<Record<string, object>>;
  /** Rights that the caller is told not to have on tables; default: none. */
  readonly missingRights?: readonly string[];
  /** When its jobs end, in milliseconds; default: now. */
  readonly endTime?: string;
  /** What a query gives; default: no rows. */
  readonly answer?: (job: Omit<FakeJob, 'result'>) => FakeResult | undefined;
}

/** A running fake; disposing stops it. */
export interface FakeBigquery extends AsyncDisposable {
  readonly apiEndpoint: string;
  readonly projectId: string;
  /** All that arrived, in order, also what met a fault. */
  readonly requests: readonly FakeRequest[];
  /** The jobs that were accepted, in order; dry runs are none. */
  readonly jobs: readonly FakeJob[];
  /** Tables that are there, as `dataset/tables/table`. */
  readonly tables: ReadonlySet<string>;
  /** Faults meet their requests in the order in which they were planned. */
  plan(fault: PlannedFault): void;
}

/** An answer: status and body. */
type Answer = readonly [status: number, body: object];

/** Starts a fake on a free port of loopback. */
export async function startFakeBigquery(options: FakeBigqueryOptions = {}): Promise<FakeBigquery> {
  const projectId = 'test';
  const datasets = new Map(Object.entries(options.datasets ?? { scene: 'US' }));
  const tables = new Set<string>(options.tables);
  const requests: FakeRequest[] = [];
  const jobs = new Map<string, RunningJob>();
  const faultPlan = new FaultPlan();

  const insertJob = (request: FakeRequest, fault: Fault | undefined): Answer => {
    const resource = jobResource.parse(request.upload?.job ?? request.body);
    const { jobId = `job_${jobs.size}`, location = 'US' } = resource.jobReference;
    if (!/^[\w-]{1,1024}$/.test(jobId)) return errorAnswer(400, 'invalid', `Invalid job ID: ${jobId}`);
    if (resource.configuration.dryRun === true) {
      return [200, { jobReference: { projectId, location }, status: { state: 'DONE' }, statistics: { query: {} } }];
    }
    const known = jobs.get(`${location}.${jobId}`);
    if (known !== undefined)
      return errorAnswer(409, 'duplicate', `Already Exists: Job ${projectId}:${location}.${jobId}`);
    const accepted = { ...describeJob(resource, request.upload), jobId, location };
    const planned = fault?.kind === 'failed-job' ? { reason: fault.reason, message: fault.message } : undefined;
    const failure = planned ?? refusalOf(accepted, resource);
    const result = failure === undefined ? (options.answer?.(accepted) ?? {}) : {};
    const { endTime } = options;
    const job = { ...accepted, result, ...(endTime && { endTime }), ...(failure === undefined ? {} : { failure }) };
    const running = new RunningJob(job, fault?.kind === 'slow-job' ? fault.looks : 0);
    jobs.set(`${location}.${jobId}`, running);
    return [200, running.resource(projectId)];
  };

  /** Why the real service would fail the job, as far as this can be told without running SQL. */
  const refusalOf = (job: Omit<FakeJob, 'result'>, { configuration }: JobResource): JobFailure | undefined => {
    const named = job.destination?.split('/')[0] ?? /`[^`.]+\.(\w+)\./.exec(job.sql ?? '')?.[1];
    if (named !== undefined && datasets.get(named) !== job.location) {
      return {
        reason: 'notFound',
        message: `Not found: Dataset ${projectId}:${named} was not found in location ${job.location}`,
      };
    }
    if (configuration.load === undefined || job.upload === undefined) return undefined;
    const { schema, createDisposition } = configuration.load;
    if (createDisposition === 'CREATE_NEVER' && !tables.has(job.destination ?? '')) {
      return { reason: 'notFound', message: `Not found: Table ${projectId}:${job.destination}` };
    }
    const fields = new Set(schema.fields.map(({ name }) => name));
    const required = schema.fields.filter(({ mode }) => mode === 'REQUIRED').map(({ name }) => name);
    for (const row of job.upload.rows) {
      const unknown = Object.keys(row).find((name) => !fields.has(name));
      if (unknown !== undefined)
        return { reason: 'invalid', message: `JSON parsing error: No such field: ${unknown}.` };
      const missing = required.find((name) => row[name] === undefined || row[name] === null);
      if (missing !== undefined) return { reason: 'invalid', message: `Missing required field: ${missing}.` };
    }
    tables.add(job.destination ?? '');
    return undefined;
  };

  /** A job is found only in its own location, which is US or EU unless the request says another. */
  const withJob = ({ name, query }: FakeRequest, use: (job: RunningJob) => Answer): Answer => {
    const locations = query['location'] === undefined ? ['US', 'EU'] : [query['location']];
    const job = locations.map((location) => jobs.get(`${location}.${name}`)).find((found) => found !== undefined);
    return job === undefined ? errorAnswer(404, 'notFound', `Not found: Job ${projectId}:${name}`) : use(job);
  };

  const answer = (request: FakeRequest, fault: Fault | undefined): Answer => {
    const { kind, name, body, query } = request;
    switch (kind) {
      case 'insertJob':
      case 'uploadJob':
      case 'dryRun':
        return insertJob(request, fault);
      case 'getJob':
        return withJob(request, (job) => {
          job.look();
          return [200, job.resource(projectId)];
        });
      case 'cancelJob':
        return withJob(request, (job) => {
          job.cancel();
          return [200, { job: job.resource(projectId) }];
        });
      case 'getQueryResults':
        return withJob(request, (job) => {
          if (!job.isDone) {
            job.look();
            return [200, { jobComplete: false, jobReference: { projectId, jobId: name } }];
          }
          const { failure } = job.job;
          if (failure !== undefined) return errorAnswer(400, failure.reason, failure.message);
          return [200, resultPage(job, Number(query['maxResults'] ?? 10_000), Number(query['pageToken'] ?? 0))];
        });
      case 'getDataset': {
        const location = datasets.get(name);
        if (location === undefined) return errorAnswer(404, 'notFound', `Not found: Dataset ${projectId}:${name}`);
        return [200, { datasetReference: { projectId, datasetId: name }, location, ...options.resources?.[name] }];
      }
      case 'insertDataset': {
        const dataset = z
          .looseObject({
            datasetReference: z.looseObject({ datasetId: z.string() }),
            location: z.string().default('US'),
          })
          .parse(body);
        const { datasetId } = dataset.datasetReference;
        if (datasets.has(datasetId))
          return errorAnswer(409, 'duplicate', `Already Exists: Dataset ${projectId}:${datasetId}`);
        datasets.set(datasetId, dataset.location);
        return [200, dataset];
      }
      case 'insertTable': {
        const path = `${name}/tables/${z.looseObject({ tableReference: tableId }).parse(body).tableReference.tableId}`;
        if (!datasets.has(name)) return errorAnswer(404, 'notFound', `Not found: Dataset ${projectId}:${name}`);
        if (tables.has(path)) return errorAnswer(409, 'duplicate', `Already Exists: Table ${projectId}:${path}`);
        tables.add(path);
        return [200, z.looseObject({}).parse(body)];
      }
      case 'getTable':
        if (!tables.has(name)) return errorAnswer(404, 'notFound', `Not found: Table ${projectId}:${name}`);
        return [200, { id: name, ...options.resources?.[name] }];
      case 'testRights': {
        const { permissions } = z.looseObject({ permissions: z.array(z.string()) }).parse(body);
        return [200, { permissions: permissions.filter((right) => options.missingRights?.includes(right) !== true) }];
      }
      case 'deleteTable':
        return tables.delete(name) ? [204, {}] : errorAnswer(404, 'notFound', `Not found: Table ${projectId}:${name}`);
      case 'unknown':
        return errorAnswer(501, 'notImplemented', 'the fake BigQuery does not know this request');
    }
  };

  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(message);
    requests.push(request);
    const fault = faultPlan.take(request);
    if (fault?.kind === 'broken') {
      message.socket.destroy();
      return;
    }
    const [status, body] =
      fault?.kind === 'error' ? errorAnswer(fault.status, fault.reason, fault.message) : answer(request, fault);
    if (fault?.kind === 'lost-answer') message.socket.destroy();
    else
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(status === 204 ? '' : JSON.stringify(body));
  };

  const server = createServer((message, response) => {
    handle(message, response).catch((error: unknown) => {
      response.writeHead(400).end(JSON.stringify(errorAnswer(400, 'parseError', String(error))[1]));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
  return {
    apiEndpoint: `http://127.0.0.1:${address.port}`,
    projectId,
    requests,
    get jobs() {
      return [...jobs.values()].map(({ job }) => job);
    },
    tables,
    plan: (fault) => faultPlan.add(fault),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function errorAnswer(code: number, reason: string, message: string): Answer {
  return [code, { error: { code, message, errors: [{ reason, message, domain: 'global' }] } }];
}
