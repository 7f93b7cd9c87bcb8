"""Scaling by hand and by an autoscaler, and what becomes of connections when a node is drained."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.clients import connecting
from tests.e2e.metrics_api import autoscaler, load, metrics_api
from tests.e2e.site import Site, addon, eventually, greeting


def spec(site: Site, **more: Any) -> dict[str, Any]:
    return {
        "image": site.images.server,
        "ports": [{"name": "tcp", "containerPort": 7000}],
        "rollout": {"drainSeconds": 10, "preStopSeconds": 5},
        **more,
    }


def replicas(site: Site, namespace: str) -> int:
    """The number of processes that answer."""
    return int(site.get(namespace, "tcpaddon", "echo")["status"].get("readyReplicas", 0))


@pytest.mark.timeout(600)
def test_an_autoscaler_scales_by_load_and_a_new_apply_does_not_take_its_number_back(
    site: Site, namespace: str
) -> None:
    manifest = addon("echo", spec(site))
    with metrics_api(site, namespace):
        site.apply(namespace, manifest, load(50), autoscaler("echo", 100, most=4))
        site.ready(namespace, "echo")
        site.apply(namespace, load(300))
        eventually(lambda: replicas(site, namespace) == 3, lambda: scaling(site, namespace, "3"))
        # The user knows nothing of the number: another version of the manifest has none either.
        newer = spec(site, env=[{"name": "VERSION", "value": "2"}])
        site.apply(namespace, addon("echo", newer))
        url = site.ready(namespace, "echo")["status"]["url"]
        # Nodes hear of it within a second or so.
        eventually(lambda: greeting(url)["version"] == "2", "the new version answers")
        assert site.get(namespace, "tcpaddon", "echo")["spec"]["replicas"] == 3
        assert site.get(namespace, "deployment", "echo-tcp")["spec"]["replicas"] == 3
        site.apply(namespace, load(80))
        eventually(lambda: replicas(site, namespace) == 1, lambda: scaling(site, namespace, "1"))
        # The autoscaler tells its own status with its next round.
        eventually(lambda: told(site, namespace) == (1, "True", "True"), "it reads right numbers")


def told(site: Site, namespace: str) -> tuple[int, str, str]:
    """What the autoscaler says: how many there are, whether it can scale, and whether it does."""
    status = site.get(namespace, "horizontalpodautoscaler", "echo")["status"]
    conditions = {c["type"]: c["status"] for c in status["conditions"]}
    return status["currentReplicas"], conditions["AbleToScale"], conditions["ScalingActive"]


def scaling(site: Site, namespace: str, wanted: str) -> str:
    """Tell what the autoscaler sees, for the message of a failed test."""
    seen = site.kubectl("-n", namespace, "describe", "horizontalpodautoscaler", "echo")
    return f"{wanted} processes\n{seen}\n{site.account(namespace, 'echo')}"


def test_scaled_to_zero_nobody_serves_and_back_it_is_as_before(site: Site, namespace: str) -> None:
    site.apply(namespace, addon("echo", spec(site)))
    url = site.ready(namespace, "echo")["status"]["url"]
    site.kubectl("-n", namespace, "scale", "tcpaddon/echo", "--replicas=0")
    site.told(namespace, "echo", "Ready", "ScaledToZero")

    def nobody() -> bool:
        try:
            greeting(url)
        except (OSError, ValueError):
            return True
        return False

    eventually(nobody, "nobody answers any more")
    site.kubectl("-n", namespace, "scale", "tcpaddon/echo", "--replicas=2")
    site.told(namespace, "echo", "Ready", "Ready")
    assert site.ready(namespace, "echo")["status"]["url"] == url
    eventually(lambda: len({greeting(url)["host"] for _ in range(20)}) == 2, "both answer")


# --- draining a node ----------------------------------------------------------------------------
@pytest.fixture
def two_nodes(site: Site) -> Iterator[tuple[str, str]]:
    """Two nodes that take pods, the control plane among them where it must be."""
    nodes = {node["metadata"]["name"]: node for node in site.all("default", "node")}
    if len(nodes) < 2:
        pytest.skip("a drain needs two nodes: run with WORKERS=1")
    first, second = sorted(nodes, key=lambda name: ("control-plane" in name, name))[:2]
    control_plane = "node-role.kubernetes.io/control-plane"
    tainted = any(t["key"] == control_plane for t in nodes[second]["spec"].get("taints", ()))
    if tainted:
        site.kubectl("taint", "node", second, f"{control_plane}-")
    yield first, second
    if tainted:
        site.kubectl("taint", "node", second, f"{control_plane}=:NoSchedule")


@contextmanager
def cordoned(site: Site, node: str) -> Iterator[None]:
    """Let a node take no new pods for as long as the block lasts."""
    site.kubectl("cordon", node)
    try:
        yield
    finally:
        site.kubectl("uncordon", node)


@contextmanager
def answering(site: Site, namespace: str) -> Iterator[list[int]]:
    """Write down every number of available processes that the Deployment has meanwhile."""
    seen: list[int] = []
    watching = subprocess.Popen(
        [
            *("kubectl", "-n", namespace, "get", "deployment", "echo-tcp", "--watch"),
            *("--output", 'jsonpath={.status.availableReplicas}{"\\n"}'),
        ],
        env=site.cluster.env,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield seen
    finally:
        watching.terminate()
        said, _ = watching.communicate(timeout=30)
        seen.extend(int(line or 0) for line in said.splitlines())


def nodes_of(site: Site, namespace: str) -> set[str]:
    """The nodes on which processes run that are not on their way out."""
    return {
        pod["spec"].get("nodeName", "")
        for pod in site.all(namespace, "pod", "tcpaddon.io/addon=echo")
        if "deletionTimestamp" not in pod["metadata"]
    }


def drain(site: Site, node: str) -> None:
    """Drain a node of the tests' processes alone; the cluster's own stay where they are."""
    site.kubectl("drain", node, "--pod-selector=tcpaddon.io/addon=echo", "--timeout=180s")


@pytest.mark.timeout(600)
def test_a_drained_node_loses_no_connection_that_another_process_can_serve(
    site: Site,
    namespace: str,
    two_nodes: tuple[str, str],
    record_property: Callable[[str, object], None],
) -> None:
    first, second = two_nodes
    with cordoned(site, second):  # all of them on the node that is drained
        site.apply(namespace, addon("echo", spec(site, replicas=3)))
        url = site.ready(namespace, "echo")["status"]["url"]
    assert nodes_of(site, namespace) == {first}
    with cordoned(site, first), connecting(url) as tries:
        with answering(site, namespace) as numbers:
            drain(site, first)
        eventually(lambda: nodes_of(site, namespace) == {second}, "all have moved")
        site.ready(namespace, "echo")
    record_property("node drain, 3 processes", f"{len(tries.lost)} lost of {len(tries.all)}")
    assert tries.lost == []
    assert min(numbers) == 2, numbers  # one at a time: the disruption budget


@pytest.mark.timeout(600)
def test_a_drained_node_takes_its_only_process_with_it_and_the_loss_is_measured(
    site: Site,
    namespace: str,
    two_nodes: tuple[str, str],
    record_property: Callable[[str, object], None],
) -> None:
    first, second = two_nodes
    with cordoned(site, second):
        site.apply(namespace, addon("echo", spec(site)))
        url = site.ready(namespace, "echo")["status"]["url"]
    with cordoned(site, first), connecting(url) as tries:
        drain(site, first)
        site.ready(namespace, "echo")
        eventually(lambda: nodes_of(site, namespace) == {second}, "it has moved")
    record_property(
        "node drain, 1 process",
        f"{len(tries.lost)} lost of {len(tries.all)}, longest gap {tries.longest_gap:.1f} s",
    )
    assert greeting(url)["port"] == "7000"


def test_processes_are_spread_over_the_nodes(
    site: Site, namespace: str, two_nodes: tuple[str, str]
) -> None:
    site.apply(namespace, addon("echo", spec(site, replicas=2)))
    site.ready(namespace, "echo")
    assert nodes_of(site, namespace) == set(two_nodes)


def test_a_foreign_disruption_budget_is_left_alone_and_clients_are_served(
    site: Site, namespace: str
) -> None:
    foreign = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "echo-tcp"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"mine": "yes"}}},
    }
    site.apply(namespace, foreign, addon("echo", spec(site, replicas=2)))
    sentence = site.told(namespace, "echo", "Accepted", "NameConflict")
    assert "PodDisruptionBudget echo-tcp" in sentence
    url = eventually(lambda: _url(site, namespace), "the URL is told")
    eventually(lambda: _answers(url), "clients are served all the same")
    found = site.get(namespace, "poddisruptionbudget", "echo-tcp")
    assert found["spec"]["selector"] == {"matchLabels": {"mine": "yes"}}
    site.kubectl("-n", namespace, "delete", "poddisruptionbudget", "echo-tcp")
    site.ready(namespace, "echo")
    found = site.get(namespace, "poddisruptionbudget", "echo-tcp")
    assert found["spec"]["maxUnavailable"] == 1
    # Another process type has a budget of its own, and the former one's goes.
    site.apply(namespace, addon("echo", spec(site, replicas=2, processType="other")))
    eventually(
        lambda: (
            [budget["metadata"]["name"] for budget in site.all(namespace, "poddisruptionbudget")]
            == ["echo-other"]
        ),
        lambda: f"one budget is left\n{site.account(namespace, 'echo')}",
    )


def _url(site: Site, namespace: str) -> str:
    return str(site.get(namespace, "tcpaddon", "echo").get("status", {}).get("url", ""))


def _answers(url: str) -> bool:
    try:
        return bool(greeting(url))
    except (OSError, ValueError):
        return False
