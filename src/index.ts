/**
 * scenedim as a library: what the command line does, as functions. A run needs a target ({@link
 * createLoader}) and, to fetch, a source ({@link createWechatSource}); {@link createRunContext}
 * puts the rest around them. Nothing here ends the process, reads the config file or the
 * environment, or writes to stdout. Tests for a loader of your own are in `scenedim/testing`.
 */

export type { AccessSource, LaunchScene } from './catalog/bundled-tables.ts';
export type { OwnCatalogRows, SceneCatalog } from './catalog/scene-catalog.ts';
export { bundledCatalog, createSceneCatalog } from './catalog/scene-catalog.ts';
export type { Clock } from './clock.ts';
export { systemClock } from './clock.ts';
export type { AccountHead } from './dimension/account-head.ts';
export type { GuardSettings } from './dimension/guards.ts';
export type { Decision, HoldReason, Observation, ObservationStatus, Reject } from './dimension/observation.ts';
export type { ChangePeriod, SceneChange, SceneChangeKind } from './dimension/scene-changes.ts';
export type { EndReason, FirstSeen, ValueKind, Version, VersionChange } from './dimension/version.ts';
export type { VersionColumn } from './dimension/version-columns.ts';
export type { ErrorCode, ScenedimErrorOptions } from './errors.ts';
export { errorCodes, isScenedimError, ScenedimError } from './errors.ts';
export type {
  AccountCredentials,
  ErrorClass,
  FetchedAnswer,
  FetchFailure,
  FetchResult,
  SceneSource,
  SecretReader,
  SourceAccount,
} from './extract/scene-source.ts';
export type { WechatSourceOptions } from './extract/wechat-source.ts';
export { createWechatSource } from './extract/wechat-source.ts';
export type { Micros } from './instant.ts';
export { BEGINNING, formatInstant, OPEN_END, parseInstant } from './instant.ts';
export type {
  AccountQuery,
  ChangeSet,
  Finding,
  HeadChange,
  Loader,
  LoaderUsage,
  Lock,
  LockScope,
  MigrateOptions,
  MigrateResult,
  ObservationKey,
  ObservationQuery,
  Payload,
  PayloadSize,
  RunOutcome,
  RunRecord,
  TargetMeta,
  VersionQuery,
} from './load/loader.ts';
export type { LoaderContext, LoaderFactory, RetryNotice } from './load/loader-factory.ts';
export type { LoaderLimits } from './load/loader-limits.ts';
export { databaseLimits } from './load/loader-limits.ts';
export type { TargetSection } from './load/registry.ts';
export { createLoader } from './load/registry.ts';
export type { RunCounts } from './load/run-counts.ts';
export type { RejectedRow, RejectReason } from './normalize/snapshot.ts';
export type { CompactOptions, CompactReport } from './pipeline/compact.ts';
export { compact, planCompact } from './pipeline/compact.ts';
export type { AcceptOptions, DecisionReport, HoldOptions } from './pipeline/decide.ts';
export { accept, hold } from './pipeline/decide.ts';
export { planReplay, planSync } from './pipeline/dry-run.ts';
export { exportLog } from './pipeline/export-log.ts';
export type {
  CsvExportOptions,
  ExportFormat,
  ExportOptions,
  NdjsonExportOptions,
  ParquetExportOptions,
} from './pipeline/export-versions.ts';
export { exportVersions } from './pipeline/export-versions.ts';
export type { Shard } from './pipeline/fetch/shard.ts';
export type { ChangesQuery } from './pipeline/read-changes.ts';
export { readChanges } from './pipeline/read-changes.ts';
export { rebuild } from './pipeline/rebuild.ts';
export type { ReplayOptions } from './pipeline/replay.ts';
export { replay } from './pipeline/replay.ts';
export type { DimensionSettings, Logger, Progress, RunContext, RunContextOptions } from './pipeline/run/run-context.ts';
export { createRunContext } from './pipeline/run/run-context.ts';
export type { Problem, ProblemKind, RunReport, RunResult } from './pipeline/run/run-report.ts';
export type { SyncOptions } from './pipeline/sync.ts';
export { sync } from './pipeline/sync.ts';
export type { VerifyReport } from './pipeline/verify.ts';
export { verify } from './pipeline/verify.ts';
export type { RefreshTokenChange, RefreshTokenStore, RosterStore } from './platform-stores.ts';
export type { Redactor } from './secrets/redact.ts';
export { createRedactor } from './secrets/redact.ts';
export type { SimulatorAccount, SimulatorAccountRule } from './simulator/accounts/account-directory.ts';
export type { RosterShift } from './simulator/platform/roster.ts';
export type { SimulatorPlatformOptions } from './simulator/platform/simulated-platform.ts';
export type { Simulator, SimulatorOptions } from './simulator/simulator.ts';
export { startSimulator } from './simulator/simulator.ts';
export type { SimulatorRequest } from './simulator/simulator-request.ts';
