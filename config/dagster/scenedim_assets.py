"""dim_scene as an asset of Dagster: each materialization is a sync. For Dagster 1.13 or newer."""

import os
import subprocess

import dagster as dg

CHECKS = {
    "held": "No answer waits for a decision.",
    "drift": "What changed agrees with the known access sources.",
}
# Exit status 65 is what the check "held" tells.
DONE = {0, 65}
WORTH_A_RETRY = {69, 74, 75}


@dg.asset(
    check_specs=[dg.AssetCheckSpec(name, asset="dim_scene", description=text) for name, text in CHECKS.items()],
    retry_policy=dg.RetryPolicy(max_retries=3, delay=60, backoff=dg.Backoff.EXPONENTIAL),
)
def dim_scene(context: dg.AssetExecutionContext):
    """The dimension of scenes, with what the last sync changed."""
    with dg.open_pipes_session(
        context=context,
        context_injector=dg.PipesEnvContextInjector(),
        message_reader=dg.PipesTempFileMessageReader(),
        extras={"scenedim_checks": list(CHECKS)},
    ) as session:
        # A retry asks only the accounts that are still missing (--max-age).
        command = ["scenedim", "sync", "--config", "/srv/scenedim/scenedim.yaml", "--max-age", "30m"]
        with subprocess.Popen(command, env={**os.environ, **session.get_bootstrap_env_vars()}) as process:
            try:
                code = process.wait()
            except BaseException:
                process.terminate()
                raise
    if code not in DONE:
        raise dg.Failure(f"scenedim ended with {code}", allow_retries=code in WORTH_A_RETRY)
    yield from session.get_results()


scenedim = dg.ScheduleDefinition(
    name="scenedim", target=[dim_scene], cron_schedule="17 * * * *", execution_timezone="Asia/Shanghai"
)

defs = dg.Definitions(assets=[dim_scene], schedules=[scenedim])
