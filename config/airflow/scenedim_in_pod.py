"""scenedim every hour in a pod of its own, as config/kubernetes has it. For Airflow 3.3 or newer."""

import re
from datetime import datetime, timedelta

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG, Asset, RetryDecision, RetryPolicy
from kubernetes.client import models as k8s


class UnlessHopeless(RetryPolicy):
    """No retries after an exit code that does not get better by trying again. It stands in the termination message."""

    def evaluate(self, exception, try_number, max_tries, context=None):
        found = re.search(r'"exit_code": ?(\d+)', str(exception))
        if found and int(found[1]) in (64, 65, 77, 78):
            return RetryDecision.fail(f"exit code {found[1]} does not get better by trying again")
        return RetryDecision.default()


with DAG(
    "scenedim_in_pod",
    schedule="17 * * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
):
    KubernetesPodOperator(
        task_id="sync",
        image="registry.example.com/scenedim:0.1.0",
        # A first try ends with 99 when nothing changed. A retry asks only the accounts that are still missing (--max-age), and
        # is never skipped: the try before it may have changed something.
        arguments=[
            *["sync", "--log-format", "json", "--timeout", "45m", "--lock-timeout", "10m", "--max-age", "30m"],
            "--skip-exit-code={{ 99 if ti.try_number == 1 else 0 }}",
        ],
        skip_on_exit_code=99,
        # A deferred task may lose what the pod hands over, without a word (apache/airflow issue 73117).
        deferrable=False,
        # Lineage events of the run name this task as their parent, where the provider openlineage has a transport. Without
        # one this macro is not there, and the task fails. No secret belongs into env_vars: Airflow logs them.
        # env_vars={"OPENLINEAGE_PARENT_ID": "{{ macros.OpenLineageProviderPlugin.lineage_parent_id(task_instance) }}"},
        volumes=[
            k8s.V1Volume(name="config", config_map=k8s.V1ConfigMapVolumeSource(name="scenedim")),
            k8s.V1Volume(
                name="wechat",
                secret=k8s.V1SecretVolumeSource(secret_name="scenedim-wechat", default_mode=0o440),
            ),
            k8s.V1Volume(
                name="database",
                secret=k8s.V1SecretVolumeSource(secret_name="scenedim-database", default_mode=0o440),
            ),
        ],
        volume_mounts=[
            k8s.V1VolumeMount(name="config", mount_path="/scenedim/config", read_only=True),
            k8s.V1VolumeMount(name="wechat", mount_path="/run/secrets/wechat", read_only=True),
            k8s.V1VolumeMount(name="database", mount_path="/run/secrets/database", read_only=True),
        ],
        labels={"app.kubernetes.io/name": "scenedim"},
        service_account_name="scenedim",
        automount_service_account_token=False,
        security_context=k8s.V1PodSecurityContext(
            run_as_non_root=True,
            run_as_user=65532,
            run_as_group=65532,
            fs_group=65532,
            seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
        ),
        container_security_context=k8s.V1SecurityContext(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=k8s.V1Capabilities(drop=["ALL"]),
        ),
        container_resources=k8s.V1ResourceRequirements(
            requests={"cpu": "100m", "memory": "256Mi"}, limits={"memory": "512Mi"}
        ),
        active_deadline_seconds=3000,
        termination_grace_period=60,
        # The error of a failed task is then the termination message, not the whole pod.
        termination_message_policy="FallbackToLogsOnError",
        log_pod_spec_on_failure=False,
        outlets=[Asset("scenedim://scene")],
        retries=2,
        retry_delay=timedelta(minutes=5),
        retry_policy=UnlessHopeless(),
    )
