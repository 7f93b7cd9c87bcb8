"""kube/users.py: what is read of the user's app and its pods beside what the process follows."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tcpaddon import names
from tcpaddon.kube.selectors import query_of
from tcpaddon.kube.users import app_fact, secret_fact, started_at

AT = "2026-11-23T21:35:25Z"
MOMENT = datetime(2026, 11, 23, 21, 35, 25, tzinfo=UTC)


def workload(annotations: Any = None, **status: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "iot", "generation": 2, "resourceVersion": "7"}
    template = {
        "metadata": {"annotations": annotations or {}},
        "spec": {"containers": [{"name": "web", "image": "web:1"}]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"kind": "Deployment", "metadata": metadata, "spec": spec, "status": status}


ALL = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}


@pytest.mark.parametrize(
    ("status", "settled"),
    [
        (ALL, True),
        ({**ALL, "observedGeneration": 1}, False),
        ({**ALL, "updatedReplicas": 1}, False),
        ({**ALL, "replicas": 3}, False),
        ({**ALL, "readyReplicas": 1}, False),
        ({}, False),
    ],
)
def test_an_app_is_settled_when_all_its_pods_are_new_and_ready(status: Any, settled: bool) -> None:
    assert app_fact(workload(**status)).settled is settled


@pytest.mark.parametrize(
    ("text", "moment"),
    [(AT, MOMENT), ("2026-11-23T22:35:25+01:00", MOMENT), ("2026-11-23", None), ("soon", None)],
)
def test_a_restart_by_hand_is_read(text: str, moment: datetime | None) -> None:
    fact = app_fact(workload({"kubectl.kubernetes.io/restartedAt": text}))
    assert fact.restarted_at == moment


def test_a_selector_is_written_as_a_list_takes_it() -> None:
    terms = [
        {"key": "a", "operator": "In", "values": ["1", "2"]},
        {"key": "b", "operator": "NotIn", "values": ["3"]},
        {"key": "c", "operator": "Exists"},
        {"key": "d", "operator": "DoesNotExist"},
    ]
    selector = {"matchLabels": {"app": "web", "tier": "x"}, "matchExpressions": terms}
    assert query_of(selector) == "app=web,tier=x,a in (1,2),b notin (3),c,!d"


def pod(*statuses: Any, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web-1", **metadata}, "status": {"containerStatuses": statuses}}


def running(name: str, at: str) -> dict[str, Any]:
    return {"name": name, "state": {"running": {"startedAt": at}}}


def test_a_pod_is_as_old_as_the_oldest_of_its_containers_that_matter() -> None:
    mesh, web = running("mesh", "2026-11-23T20:00:00Z"), running("web", AT)
    worker = running("worker", "2026-11-23T22:00:00Z")
    assert started_at(pod(mesh, web, worker), {"web", "worker"}) == MOMENT


@pytest.mark.parametrize(
    "found",
    [
        pod({"name": "web", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}),
        pod(running("mesh", AT)),
        pod(running("web", AT), deletionTimestamp=AT),
        {"metadata": {"name": "web-1"}},
    ],
)
def test_a_pod_that_starts_later_or_ends_has_no_age(found: Any) -> None:
    assert started_at(found, {"web"}) is None


def test_a_secret_tells_when_an_addon_wrote_its_keys() -> None:
    entry = {
        "manager": names.manager_for("one"),
        "operation": "Apply",
        "time": AT,
        "fieldsV1": {"f:data": {"f:TCP_URL": {}}},
    }
    metadata = {"name": "app-env", "namespace": "iot", "managedFields": [entry]}
    fact = secret_fact({"kind": "Secret", "metadata": metadata, "data": {"TCP_URL": "eA=="}})
    assert fact.written == {"one": MOMENT}
