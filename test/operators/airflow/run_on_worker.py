"""Runs the DAG scenedim_on_worker again and again, and prints what became of each run as a line of JSON between Airflow's log.

Arguments: the environment of each run, as a JSON object.
"""

import json
import os
import sys
from datetime import timedelta

from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import func, select

dag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags["scenedim_on_worker"]
dag.get_task("sync").retry_delay = timedelta(seconds=1)
for argument in sys.argv[1:]:
    os.environ.update(json.loads(argument))
    run = dag.test()
    [task] = run.get_task_instances()
    with create_session() as session:
        events = session.scalar(select(func.count()).select_from(AssetEvent))
        [*pushed] = session.scalars(select(XComModel.value).where(XComModel.run_id == run.run_id))
    result = {"run": run.state, "task": task.state, "tries": task.try_number, "events": events, "pushed": pushed}
    print("\nRESULT " + json.dumps(result), flush=True)
