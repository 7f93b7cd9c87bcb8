"""The main job, as a user does it: apply one TcpAddon, connect from outside, change, delete."""

import json
import threading
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest

import cluster
from tests.e2e.site import (
    Refused,
    Site,
    addon,
    address_of,
    app,
    app_secret,
    connected,
    eventually,
    greeting,
    is_write,
    secret_value,
)


def spec(site: Site, **more: Any) -> dict[str, Any]:
    """The smallest spec of the tests' server, with its URL in the Secret app-env."""
    return {
        "image": site.images.server,
        "ports": [{"name": "tcp", "containerPort": 7000}],
        "binding": {"secretRef": {"name": "app-env"}},
        "rollout": {"drainSeconds": 10, "preStopSeconds": 2},
        **more,
    }


def test_one_apply_makes_an_app_reachable_from_outside_by_the_url_in_its_secret(
    site: Site, namespace: str
) -> None:
    site.apply(namespace, app_secret({"OTHER": "untouched"}), addon("echo", spec(site)))
    ready = site.ready(namespace, "echo")
    secret = site.get(namespace, "secret", "app-env")
    url = secret_value(secret, "TCP_URL")
    assert url == ready["status"]["url"]
    host, port = address_of(url)
    assert port == 7000
    assert host.startswith("198.18.8.")
    said = greeting(url)
    assert said["port"] == "7000"
    assert said["url"] == url
    assert secret_value(secret, "OTHER") == "untouched"
    assert set(secret["data"]) == {"OTHER", "TCP_URL"}
    binding = site.get(namespace, "secret", "echo-tcp-binding")
    assert secret_value(binding, "uri") == url
    assert secret_value(binding, "host") == host
    assert secret_value(binding, "port") == "7000"
    assert ready["status"]["binding"]["name"] == "echo-tcp-binding"


def test_kubectl_shows_what_matters_in_its_columns(site: Site, namespace: str) -> None:
    site.apply(namespace, app_secret({}), addon("echo", spec(site)))
    url = site.ready(namespace, "echo")["status"]["url"]
    head, line = site.kubectl("-n", namespace, "get", "tcp").splitlines()
    assert head.split() == ["NAME", "READY", "URL", "REPLICAS", "AGE"]
    assert line.split()[:4] == ["echo", "True", url, "1"]
    wide = site.kubectl("-n", namespace, "get", "tcp", "-o", "wide").splitlines()[0].split()
    assert {"PROCESS", "IMAGE", "ADDRESS"} <= set(wide)
    site.kubectl("-n", namespace, "wait", "tcp/echo", "--for=condition=Ready", "--timeout=5s")


@pytest.mark.parametrize("with_app", [False, True], ids=["image", "appRef"])
def test_a_create_costs_few_writes_and_at_most_three_events(
    site: Site, namespace: str, with_app: bool
) -> None:
    objects = [app_secret({})]
    wanted = spec(site)
    if with_app:
        del wanted["image"]
        wanted["appRef"] = {"kind": "Deployment", "name": "web"}
        objects.append(app("web", site.images.server))
    site.apply(namespace, *objects, addon("echo", wanted))
    site.ready(namespace, "echo")
    requests = site.requests(namespace)
    writes = [f"{r['verb']} {r['objectRef']['resource']}" for r in requests if is_write(r)]
    # Service, Deployment, binding Secret, the app's Secret and a status at the least.
    assert 5 <= len(writes) <= (8 if with_app else 7), writes
    assert sum(r["objectRef"]["resource"] == "events" for r in requests) <= 3


def test_a_new_version_takes_over_while_clients_go_on(site: Site, namespace: str) -> None:
    site.apply(
        namespace,
        app_secret({}),
        addon("echo", spec(site, env=[{"name": "VERSION", "value": "1"}])),
    )
    url = site.ready(namespace, "echo")["status"]["url"]
    seen: list[str] = []
    failures: list[str] = []
    done = threading.Event()

    def keep_asking() -> None:
        while not done.is_set():
            try:
                seen.append(greeting(url)["version"])
            except (OSError, ValueError) as error:
                failures.append(repr(error))

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        eventually(lambda: "1" in seen, "the first version answers")
        site.apply(namespace, addon("echo", spec(site, env=[{"name": "VERSION", "value": "2"}])))
        eventually(lambda: "2" in seen, "the second version answers")
        site.ready(namespace, "echo")
        eventually(
            lambda: len(site.all(namespace, "pods", "tcpaddon.io/addon=echo")) == 1,
            "the old version has ended",
        )
    finally:
        done.set()
        asking.join()
    assert failures == []
    assert seen[-1] == "2"


def test_an_old_connection_is_told_to_end_by_its_server_and_not_before(
    site: Site, namespace: str
) -> None:
    site.apply(namespace, app_secret({}), addon("echo", spec(site)))
    url = site.ready(namespace, "echo")["status"]["url"]
    with connected(url) as old, old.makefile("rb") as lines:
        pid_before = json.loads(lines.readline())["host"]
        site.apply(namespace, addon("echo", spec(site, env=[{"name": "VERSION", "value": "2"}])))
        eventually(lambda: greeting(url)["version"] == "2", "new connections get the new version")
        old.settimeout(60)
        assert lines.readline() == b"goodbye\n"
        assert lines.read() == b""
    assert greeting(url)["host"] != pid_before


def test_a_new_image_of_the_app_rolls_the_process_that_follows_it(
    site: Site, namespace: str
) -> None:
    wanted = spec(site)
    del wanted["image"]
    wanted["appRef"] = {"kind": "Deployment", "name": "web"}
    site.apply(
        namespace,
        app_secret({}),
        app("web", site.images.server, version="1"),
        addon("echo", wanted),
    )
    url = site.ready(namespace, "echo")["status"]["url"]
    assert greeting(url)["version"] == "1"
    tag = "tcpaddon-e2e/server:2"
    site.run("docker", "tag", site.images.server, tag)
    _load(site, tag)
    site.apply(namespace, app("web", tag, version="2"))
    eventually(lambda: greeting(url)["version"] == "2", "the process follows")
    assert site.ready(namespace, "echo")["status"]["image"] == tag


def test_kubectl_scale_starts_and_ends_containers(site: Site, namespace: str) -> None:
    site.apply(namespace, app_secret({}), addon("echo", spec(site)))
    url = site.ready(namespace, "echo")["status"]["url"]
    site.kubectl("-n", namespace, "scale", "tcpaddon/echo", "--replicas=3")

    def replicas() -> int:
        return int(site.get(namespace, "tcpaddon", "echo")["status"].get("readyReplicas", 0))

    eventually(lambda: replicas() == 3, "three are ready")
    eventually(lambda: len({greeting(url)["host"] for _ in range(30)}) == 3, "all three are asked")
    site.kubectl("-n", namespace, "scale", "tcpaddon/echo", "--replicas=1")
    eventually(lambda: replicas() == 1, "one is left")


def test_deleting_an_addon_takes_its_objects_and_its_key_and_nothing_else(
    site: Site, namespace: str
) -> None:
    wanted = spec(site)
    del wanted["image"]
    wanted["appRef"] = {"kind": "Deployment", "name": "web"}
    site.apply(
        namespace,
        app_secret({"OTHER": "untouched"}),
        app("web", site.images.server),
        addon("echo", wanted),
    )
    site.ready(namespace, "echo")
    app_before = site.get(namespace, "deployment", "web")
    site.kubectl("-n", namespace, "delete", "tcpaddon", "echo")

    def left() -> Any:
        secret = site.get(namespace, "secret", "app-env")
        children = site.all(namespace, "service,deployment,secret", "tcpaddon.io/role=child")
        return secret if set(secret["data"]) == {"OTHER"} and not children else None

    secret = eventually(left, "key and children are gone")
    assert not secret["metadata"].get("labels")

    def mark() -> bool:
        labels = site.get(namespace, "deployment", "web")["metadata"].get("labels", {})
        return "tcpaddon.io/role" in labels

    eventually(lambda: not mark(), "the mark on the app is gone")
    app_after = site.get(namespace, "deployment", "web")
    assert app_after["spec"] == app_before["spec"]
    assert app_after["metadata"]["generation"] == app_before["metadata"]["generation"]


def test_deleting_a_namespace_with_a_live_addon_does_not_hang(site: Site, namespace: str) -> None:
    site.apply(namespace, app_secret({}), addon("echo", spec(site)))
    site.ready(namespace, "echo")
    site.kubectl("delete", "namespace", namespace, "--timeout=90s")
    site.kubectl("create", "namespace", namespace)  # the fixture takes it away again


def test_the_operator_can_be_killed_in_the_middle_of_a_create(site: Site, namespace: str) -> None:
    names = [f"echo-{n}" for n in range(4)]
    wanted = spec(site)
    del wanted["binding"]
    site.apply(namespace, *(addon(name, wanted) for name in names[:2]))
    site.restart_operator()
    site.apply(namespace, *(addon(name, wanted) for name in names[2:]))
    site.restart_operator()
    for name in names:
        url = site.ready(namespace, name)["status"]["url"]
        assert greeting(url)["url"] == url


def test_a_connection_outlives_the_operator(site: Site, namespace: str) -> None:
    site.apply(namespace, app_secret({}), addon("echo", spec(site)))
    url = site.ready(namespace, "echo")["status"]["url"]
    with connected(url) as connection, connection.makefile("rb") as lines:
        lines.readline()
        site.restart_operator()
        site.kubectl("-n", "tcpaddon", "rollout", "status", "deployment/tcpaddon", "--timeout=120s")
        connection.sendall(b"still here\n")
        assert lines.readline() == b"still here\n"


@pytest.mark.timeout(600)
def test_from_apply_to_the_first_byte_takes_seconds(
    site: Site, namespace: str, record_property: Callable[[str, object], None]
) -> None:
    """Ten times; the median is told, not asserted: speed is no promise of a test machine."""
    seconds = []
    for n in range(10):
        wanted = spec(site)
        del wanted["binding"]
        began = time.monotonic()
        site.apply(namespace, addon(f"echo-{n}", wanted))
        site.kubectl(
            *("-n", namespace, "wait", f"tcp/echo-{n}", "--timeout=60s"),
            "--for=jsonpath={.status.url}",
        )
        url = site.get(namespace, "tcpaddon", f"echo-{n}")["status"]["url"]
        # The address may have been another addon's a moment ago, and its process may still drain.
        eventually(lambda url=url, n=n: _answers(url, f"echo-{n}-tcp-"), "it answers")  # type: ignore[misc]
        seconds.append(time.monotonic() - began)
        site.kubectl("-n", namespace, "delete", "tcp", f"echo-{n}", "--wait=false")
    told = ", ".join(f"{s:.2f}" for s in sorted(seconds))
    record_property("kubectl apply to first byte", f"median {median(seconds):.2f} s of {told}")
    assert len(seconds) == 10


def _answers(url: str, pod: str) -> bool:
    try:
        return str(greeting(url)["host"]).startswith(pod)
    except (OSError, ValueError):
        return False


def _load(site: Site, tag: str) -> None:
    cluster.load_image(site.cluster, tag)


def test_kubectl_refuses_what_the_schema_can_know(site: Site, namespace: str) -> None:
    cases = {
        "a wrong field": ({**spec(site), "prots": []}, 'unknown field "spec.prots"'),
        "a port out of range": (
            spec(site, ports=[{"name": "tcp", "containerPort": 70000}]),
            "spec.ports[0].containerPort",
        ),
        "no image": ({"ports": [{"name": "tcp"}]}, "image"),
    }
    for wanted, sentence in cases.values():
        with pytest.raises(Refused) as refused:
            site.apply(namespace, addon("echo", wanted))
        assert sentence in str(refused.value)
