import { LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { ScenedimError } from '../errors.ts';
import { type Micros, parseInstant } from '../instant.ts';
import type { SimulatorFault } from './fault-plan.ts';
import type { RosterShift } from './platform/roster.ts';
import type { SceneChange } from './scene-lists.ts';
import { type SimulatorFaultName, simulatorEndpoints, simulatorFaults } from './simulator-faults.ts';

export type SimulatorAction =
  | { readonly kind: 'change'; readonly change: SceneChange; readonly appId: string | undefined }
  | { readonly kind: 'fault'; readonly fault: SimulatorFault }
  | { readonly kind: 'roster'; readonly shift: RosterShift }
  | { readonly kind: 'tickets'; readonly what: 'renew' | 'expire' };

/** When a step is due: after so many lists were given to an account (each account counts its own), or at a time. */
export type SimulatorMoment = { readonly after: number } | { readonly at: Micros };

export interface SimulatorStep {
  readonly when: SimulatorMoment;
  /** Default: every account. */
  readonly appId: string | undefined;
  readonly action: SimulatorAction;
}

export type SimulatorScript = readonly SimulatorStep[];

const key = z.union([z.int(), z.string().min(1)]);
const named = z.strictObject({ key, name: z.string().min(1) });

const changeFields = {
  rename: named.optional(),
  add: named.optional(),
  remove: z.strictObject({ key }).optional(),
};

const faultFields = {
  name: z.enum(simulatorFaults as readonly [SimulatorFaultName, ...SimulatorFaultName[]]),
  times: z.union([z.int().min(1), z.literal('always')]).optional(),
  endpoint: z.enum(simulatorEndpoints).optional(),
  code: z.int().optional(),
  delay_ms: z.int().min(0).max(600_000).optional(),
};

/**
 * Which row of a platform's roster comes or goes, at once or before a page reaches the row of that
 * offset.
 */
const rosterFields = {
  shift: z.enum(['authorize', 'revoke', 'repeat']),
  app_id: z.string().min(1),
  at: z.int().min(0).optional(),
  before_offset: z.int().min(0).optional(),
};

/** One change or one fault, as a script and the control endpoint take it. */
const actionFields = {
  app_id: z.string().min(1).optional(),
  ...changeFields,
  fault: z.strictObject(faultFields).optional(),
  roster: z.strictObject(rosterFields).optional(),
  tickets: z.enum(['renew', 'expire']).optional(),
};

const actionNames = ['rename', 'add', 'remove', 'fault', 'roster', 'tickets'] as const;

const actionSchema = z.strictObject(actionFields).superRefine(exactlyOneAction);

const instant = z.string().transform((text, context) => {
  const at = parseInstant(text);
  if (at === undefined) context.addIssue({ code: 'custom', message: 'not an RFC 3339 time with an offset' });
  return at ?? 0n;
});

const stepSchema = z
  .strictObject({ after: z.int().min(0).optional(), at: instant.optional(), ...actionFields })
  .superRefine((step, context) => {
    if ((step.after === undefined) === (step.at === undefined)) {
      context.addIssue({ code: 'custom', message: 'needs either `after` (lists given) or `at` (a time)' });
    }
    exactlyOneAction(step, context);
  });

type ActionInput = z.output<typeof actionSchema>;
type RosterInput = NonNullable<ActionInput['roster']>;

/**
 * Reads a script, YAML or JSON: a list of steps such as `{after: 1, rename: {key: 4, name: 扫一扫}}`,
 * `{at: 2026-03-01T00:00:00Z, app_id: wx1, remove: {key: 57}}` or `{after: 2, fault: {name: html_502, times: 3}}`.
 * A mistake is `config_invalid` and names file, line and field.
 */
export function parseSimulatorScript(text: string, file = 'script'): SimulatorScript {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [syntaxError] = document.errors;
  if (syntaxError !== undefined) {
    throw invalid(`${file}:${lines.linePos(syntaxError.pos[0]).line}: ${syntaxError.message.split('\n')[0]}`);
  }
  const result = z.array(stepSchema).safeParse(document.toJS() ?? []);
  if (!result.success) {
    const [issue] = result.error.issues;
    const [index, ...rest] = issue?.path ?? [];
    const node = typeof index === 'number' ? document.getIn([index], true) : document.contents;
    const range = (node as { readonly range?: readonly number[] } | null)?.range;
    const line = range?.[0] === undefined ? '' : `:${lines.linePos(range[0]).line}`;
    const where = typeof index === 'number' ? `step ${index + 1}${rest.length > 0 ? `, ${rest.join('.')}` : ''}: ` : '';
    throw invalid(`${file}${line}: ${where}${issue?.message ?? 'not a list of steps'}`);
  }
  return result.data.map((step) => ({
    when: step.at === undefined ? { after: step.after ?? 0 } : { at: step.at },
    appId: step.app_id,
    action: actionOf(step),
  }));
}

/** Reads one change or fault, as the control endpoint takes it; a mistake is `usage`. */
export function parseSimulatorAction(value: unknown): SimulatorAction {
  const result = actionSchema.safeParse(value);
  if (result.success) return actionOf(result.data);
  const [issue] = result.error.issues;
  throw new ScenedimError('usage', `${issue?.path.join('.') || 'body'}: ${issue?.message}`, {
    remedy: 'for example {"rename":{"key":4,"name":"扫一扫"}} or {"fault":{"name":"html_502","times":2}}',
  });
}

function actionOf({ app_id: appId, rename, add, remove, fault, roster, tickets }: ActionInput): SimulatorAction {
  if (roster !== undefined) return { kind: 'roster', shift: shiftOf(roster) };
  if (tickets !== undefined) return { kind: 'tickets', what: tickets };
  if (rename !== undefined) return { kind: 'change', appId, change: { change: 'rename', ...rename } };
  if (add !== undefined) return { kind: 'change', appId, change: { change: 'add', ...add } };
  if (remove !== undefined) return { kind: 'change', appId, change: { change: 'remove', ...remove } };
  const { name, times, endpoint, code, delay_ms: delayMs } = fault ?? { name: 'system_busy' };
  return { kind: 'fault', fault: { fault: name, appId, times, endpoint, code, delayMs } };
}

function shiftOf({ shift, app_id: appId, at, before_offset: beforeOffset }: RosterInput): RosterShift {
  return shift === 'authorize' ? { shift, account: { appId }, at, beforeOffset } : { shift, appId, at, beforeOffset };
}

function exactlyOneAction(action: Omit<ActionInput, 'app_id'>, context: z.RefinementCtx): void {
  const given = actionNames.filter((name) => action[name] !== undefined);
  if (given.length !== 1)
    context.addIssue({ code: 'custom', message: `needs exactly one of \`${actionNames.join('`, `')}\`` });
}

function invalid(message: string): ScenedimError {
  return new ScenedimError('config_invalid', message, {
    remedy:
      'a step looks like {after: 1, rename: {key: 4, name: 扫一扫}} or {at: 2026-03-01T00:00:00Z, fault: {name: html_502}}',
  });
}
