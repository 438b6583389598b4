"""scenedim every hour on the worker, where `scenedim` is a command. For Airflow 3.3 or newer."""

import re
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, RetryDecision, RetryPolicy


class UnlessHopeless(RetryPolicy):
    """No retries after an exit code that does not get better by trying again."""

    def evaluate(self, exception, try_number, max_tries, context=None):
        found = re.search(r"exit code (\d+)", str(exception))
        if found and int(found[1]) in (64, 65, 77, 78):
            return RetryDecision.fail(f"exit code {found[1]} does not get better by trying again")
        return RetryDecision.default()


with DAG(
    "scenedim_on_worker",
    schedule="17 * * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
):
    BashOperator(
        task_id="sync",
        # A first try ends with 99 when nothing changed, which this operator takes for "skipped": then there is no event of
        # the asset. A retry asks only the accounts that are still missing (--max-age), and is never skipped: the try before
        # it may have changed something. The last line is the summary of the run.
        bash_command=(
            "scenedim sync --config /srv/scenedim/scenedim.yaml"
            " --skip-exit-code={{ 99 if ti.try_number == 1 else 0 }}"
            " --timeout 45m --lock-timeout 10m --max-age 30m"
        ),
        # Lineage events of the run name this task as their parent, where the provider openlineage has a transport. Without
        # one this macro is not there, and the task fails.
        # env={"OPENLINEAGE_PARENT_ID": "{{ macros.OpenLineageProviderPlugin.lineage_parent_id(task_instance) }}"},
        # append_env=True,
        outlets=[Asset("scenedim://scene")],
        execution_timeout=timedelta(minutes=50),
        retries=2,
        retry_delay=timedelta(minutes=5),
        retry_policy=UnlessHopeless(),
    )
