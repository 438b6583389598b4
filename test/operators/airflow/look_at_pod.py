"""Prints what Airflow makes of the DAG scenedim_in_pod, as JSON: the pod as a cluster gets it, and what becomes of a pod that has ended.

Arguments: a JSON object of attributes that the task gets first; then `EXIT_CODE MESSAGE` of pods that ended, two arguments each.
"""

import json
import os
import sys
from types import SimpleNamespace
from unittest.mock import PropertyMock, patch

from airflow.dag_processing.dagbag import DagBag
from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook
from kubernetes.client import ApiClient, models as k8s

bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
task = bag.dags["scenedim_in_pod"].get_task("sync")
for name, value in json.loads(sys.argv[1]).items():
    assert hasattr(task, name)
    setattr(task, name, value)


def outcome(exit_code, message):
    """What Airflow does with a pod that has ended, without a cluster, which would be asked to read, mark and delete it."""
    terminated = k8s.V1ContainerStateTerminated(exit_code=exit_code, message=message)
    status = k8s.V1ContainerStatus(
        name="base",
        image="",
        image_id="",
        ready=False,
        restart_count=0,
        state=k8s.V1ContainerState(terminated=terminated),
    )
    phase = "Succeeded" if exit_code == 0 else "Failed"
    pod = k8s.V1Pod(
        metadata=k8s.V1ObjectMeta(name="sync"),
        spec=k8s.V1PodSpec(containers=[]),
        status=k8s.V1PodStatus(phase=phase, container_statuses=[status]),
    )
    try:
        with (
            patch.object(task, "is_istio_enabled", return_value=False),
            patch.object(task, "patch_already_checked"),
            patch.object(task, "process_pod_deletion"),
        ):
            task.cleanup(pod, pod)
    except Exception as error:
        decision = task.retry_policy.evaluate(error, 1, 2)
        return {"raised": type(error).__name__, "message": str(error), "action": decision.action.value}
    return {"raised": None}


# As in a first try.
task.render_template_fields({"ti": SimpleNamespace(try_number=1)})
with (
    patch.object(KubernetesHook, "is_in_cluster", new_callable=PropertyMock, return_value=False),
    patch.object(KubernetesHook, "get_namespace", return_value=None),
):
    pod = task.build_pod_request_obj()
result = {
    "import_errors": bag.import_errors,
    "dags": sorted(bag.dags),
    "pod": ApiClient().sanitize_for_serialization(pod),
    "outcomes": [outcome(int(code), message) for code, message in zip(sys.argv[2::2], sys.argv[3::2])],
}
print("\n" + json.dumps(result))
