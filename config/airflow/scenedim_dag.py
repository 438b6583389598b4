"""scenedim every hour, on the worker or in a pod: keep the task that suits."""

from datetime import datetime, timedelta

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.secret import Secret
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from kubernetes.client import V1ConfigMapVolumeSource, V1Volume, V1VolumeMount

with DAG(
    "scenedim",
    schedule="17 * * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
):
    on_the_worker = BashOperator(
        task_id="sync_on_the_worker",
        bash_command="scenedim sync --config /srv/scenedim/scenedim.yaml --skip-exit-code",
        retries=2,
        retry_delay=timedelta(minutes=5),
    )

    in_a_pod = KubernetesPodOperator(
        task_id="sync_in_a_pod",
        image="registry.example.com/scenedim:0.1.0",
        arguments=["sync", "--skip-exit-code", "--log-format", "json"],
        secrets=[
            Secret("volume", "/run/secrets/wechat", "scenedim-wechat"),
            Secret("env", "PGPASSWORD", "scenedim-database", "password"),
        ],
        volumes=[V1Volume(name="config", config_map=V1ConfigMapVolumeSource(name="scenedim"))],
        volume_mounts=[V1VolumeMount(name="config", mount_path="/scenedim/config", read_only=True)],
        skip_on_exit_code=99,
        retries=2,
        retry_delay=timedelta(minutes=5),
    )
