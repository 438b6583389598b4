"""Prints as JSON what Dagster keeps of the newest run: its status, what it materialized and how the checks ended."""

import json

from dagster import DagsterEventType, DagsterInstance


def metadata_of(values):
    return {name: [type(value).__name__, value.value] for name, value in values.items()}


with DagsterInstance.get() as instance:
    run = instance.get_runs(limit=1)[0]
    records = instance.get_records_for_run(run.run_id).records
    events = [record.event_log_entry.dagster_event for record in records if record.event_log_entry.dagster_event]
    materialized = [
        metadata_of(event.step_materialization_data.materialization.metadata)
        for event in events
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION
    ]
    checks = {}
    for event in events:
        if event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            checks[check.check_name] = [check.passed, check.severity.value, metadata_of(check.metadata)]
    retries = [event.event_type_value for event in events if event.event_type == DagsterEventType.STEP_UP_FOR_RETRY]
    failures = [event.message for event in events if event.event_type == DagsterEventType.STEP_FAILURE]
    print(
        json.dumps(
            {
                "status": run.status.value,
                "materialized": materialized,
                "checks": checks,
                "retries": len(retries),
                "failures": failures,
                "messages": [event.message for event in events if event.message and "[pipes]" in event.message],
            }
        )
    )
