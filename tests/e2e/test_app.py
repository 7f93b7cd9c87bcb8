"""The addon and its app on real nodes: what runs, what the app knows, what a namespace refuses."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.site import (
    Refused,
    Site,
    addon,
    app,
    app_secret,
    condition,
    eventually,
    greeting,
    secret_value,
)


def spec(site: Site, **more: Any) -> dict[str, Any]:
    return {
        "image": site.images.server,
        "ports": [{"name": "tcp", "containerPort": 7000}],
        "binding": {"secretRef": {"name": "app-env"}},
        "rollout": {"drainSeconds": 5, "preStopSeconds": 2},
        **more,
    }


@contextmanager
def asking(url: str) -> Iterator[list[dict[str, Any]]]:
    """Connect again and again for as long as the block lasts; fail where a connection does."""
    seen: list[dict[str, Any]] = []
    failures: list[str] = []
    done = threading.Event()

    def keep_asking() -> None:
        while not done.is_set():
            try:
                seen.append(greeting(url))
            except (OSError, ValueError) as error:
                failures.append(repr(error))

    thread = threading.Thread(target=keep_asking)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()
    assert failures == []


@pytest.mark.parametrize("strategy", ["Rolling", "Switch"])
def test_a_restart_by_hand_rolls_once_and_loses_no_connection(
    site: Site, namespace: str, strategy: str
) -> None:
    rollout = {"drainSeconds": 5, "preStopSeconds": 2, "strategy": strategy}
    site.apply(namespace, app_secret({}), addon("echo", spec(site, rollout=rollout)))
    url = site.ready(namespace, "echo")["status"]["url"]
    with asking(url) as seen:
        eventually(lambda: len(seen) > 0, "it answers")
        before = seen[-1]["host"]
        site.kubectl("-n", namespace, "rollout", "restart", "deployment/echo-tcp")
        eventually(lambda: seen[-1]["host"] != before, "another process answers")
        site.ready(namespace, "echo")
        eventually(lambda: len(pods(site, namespace)) == 1, "the old process has ended")
    assert len({said["host"] for said in seen}) == 2
    assert len(site.all(namespace, "replicaset")) == 2
    (pod,) = pods(site, namespace)
    assert "kubectl.kubernetes.io/restartedAt" in pod["metadata"]["annotations"]


def is_served(url: str) -> bool:
    try:
        greeting(url)
    except OSError:
        return False
    return True


def pods(site: Site, namespace: str) -> list[dict[str, Any]]:
    return site.all(namespace, "pod", "tcpaddon.io/addon=echo")


def test_a_suspended_addon_serves_nobody_and_comes_back_at_its_address(
    site: Site, namespace: str
) -> None:
    site.apply(namespace, app_secret({}), addon("echo", spec(site, replicas=2)))
    url = site.ready(namespace, "echo")["status"]["url"]
    site.apply(namespace, addon("echo", spec(site, replicas=2, suspend=True)))
    site.told(namespace, "echo", "Ready", "Suspended")
    eventually(lambda: pods(site, namespace) == [], "no process runs")
    assert not is_served(url)
    assert secret_value(site.get(namespace, "secret", "app-env"), "TCP_URL") == url
    site.apply(namespace, addon("echo", spec(site, replicas=2)))
    assert site.ready(namespace, "echo")["status"]["url"] == url
    assert greeting(url)["url"] == url


def test_a_process_whose_app_is_gone_goes_on_and_can_be_put_to_rest(
    site: Site, namespace: str
) -> None:
    wanted = spec(site, appRef={"name": "web"})
    del wanted["image"]
    site.apply(namespace, app_secret({}), app("web", site.images.server), addon("echo", wanted))
    url = site.ready(namespace, "echo")["status"]["url"]
    site.kubectl("-n", namespace, "delete", "deployment", "web")
    assert "goes on" in site.told(namespace, "echo", "Ready", "AppNotFound")
    assert is_served(url)
    site.apply(namespace, addon("echo", {**wanted, "suspend": True}))
    eventually(lambda: pods(site, namespace) == [], "no process runs")
    site.apply(namespace, app("web", site.images.server))
    site.told(namespace, "echo", "Ready", "Suspended")
    site.apply(namespace, addon("echo", wanted))
    assert site.ready(namespace, "echo")["status"]["url"] == url
    assert is_served(url)


def test_the_line_of_a_config_map_is_run_and_followed(site: Site, namespace: str) -> None:
    def procfile(version: str) -> None:
        text = f"web: true\ntcp: VERSION={version} python3 -u server.py\n"
        data = {"Procfile": text}
        metadata = {"name": "web-procfile"}
        site.apply(
            namespace,
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data},
        )

    procfile("1")
    wanted = spec(site, procfileFrom={"name": "web-procfile"})
    site.apply(namespace, app_secret({}), addon("echo", wanted))
    url = site.ready(namespace, "echo")["status"]["url"]
    assert greeting(url)["version"] == "1"
    procfile("2")
    eventually(lambda: greeting(url)["version"] == "2", "the new line runs")
    site.kubectl("-n", namespace, "delete", "tcpaddon", "echo")

    def given_back() -> bool:
        found = site.get(namespace, "configmap", "web-procfile")
        return "labels" not in found["metadata"]

    eventually(given_back, "the mark is given back")


def test_a_change_of_the_apps_secret_restarts_the_process(site: Site, namespace: str) -> None:
    wanted = spec(
        site,
        envFrom=[{"secretRef": {"name": "app-env"}}],
        rollout={"drainSeconds": 5, "preStopSeconds": 2, "restartOnSecretChange": True},
    )
    site.apply(namespace, app_secret({"VERSION": "1"}), addon("echo", wanted))
    url = site.ready(namespace, "echo")["status"]["url"]
    assert greeting(url)["version"] == "1"
    with asking(url) as seen:
        site.apply(namespace, app_secret({"VERSION": "2"}))
        eventually(lambda: bool(seen) and seen[-1]["version"] == "2", "the new value is there")
        site.ready(namespace, "echo")


# --- what the app knows -------------------------------------------------------------------------


def reading_app(site: Site) -> dict[str, Any]:
    """Write down an app whose container has the keys of app-env as variables."""
    made = app("web", site.images.server)
    (container,) = made["spec"]["template"]["spec"]["containers"]
    container["envFrom"] = [{"secretRef": {"name": "app-env"}}]
    return made


def url_in_the_app(site: Site, namespace: str) -> str:
    """Return the app's TCP_URL, "" where it has none."""
    try:
        words = ("exec", "deployment/web", "--", "printenv", "TCP_URL")
        return site.kubectl("-n", namespace, *words).strip()
    except Refused:
        return ""  # there is no such variable


def with_app(site: Site, namespace: str, **binding: Any) -> str:
    """Have an app that runs already when its addon comes; returns the URL."""
    site.apply(namespace, app_secret({}), reading_app(site))
    site.kubectl("-n", namespace, "rollout", "status", "deployment/web")
    wanted = spec(site, appRef={"name": "web"})
    del wanted["image"]
    wanted["binding"] = {**wanted["binding"], **binding}
    site.apply(namespace, addon("echo", wanted))
    return str(site.ready(namespace, "echo")["status"]["url"])


def stale(site: Site, namespace: str) -> Any:
    return site.get(namespace, "tcpaddon", "echo")["status"]["binding"].get("stalePods")


def test_an_app_that_was_there_first_is_told_of_until_it_is_restarted(
    site: Site, namespace: str
) -> None:
    url = with_app(site, namespace)
    sentence = site.told(namespace, "echo", "BindingPublished", "StalePods")
    command = "kubectl rollout restart deployment/web"
    assert command in sentence
    assert stale(site, namespace) == 1
    assert url_in_the_app(site, namespace) == ""
    site.kubectl("-n", namespace, *command.split()[1:])
    site.told(namespace, "echo", "BindingPublished", "BindingPublished")
    assert stale(site, namespace) == 0
    assert url_in_the_app(site, namespace) == url


def test_an_app_that_was_there_first_is_restarted_once_where_that_is_wanted(
    site: Site, namespace: str
) -> None:
    url = with_app(site, namespace, restartApp=True)
    eventually(lambda: url_in_the_app(site, namespace) == url, "the app knows the URL")
    eventually(lambda: stale(site, namespace) == 0, "it is known that it does")
    restarted = site.get(namespace, "deployment", "web")
    events = site.kubectl("-n", namespace, "get", "events", "-o", "jsonpath={.items[*].reason}")
    assert events.split().count("AppRestarted") == 1
    site.kubectl("-n", namespace, "delete", "tcpaddon", "echo")

    def given_back() -> Any:
        found = site.get(namespace, "deployment", "web")
        return found if "labels" not in found["metadata"] else None

    after = eventually(given_back, "the mark is given back")
    assert after["spec"] == restarted["spec"]
    assert len(site.all(namespace, "replicaset", "app=web")) == 2


# --- what a namespace refuses ---------------------------------------------------------------------


def quota(site: Site, namespace: str) -> None:
    words = ("create", "quota", "none", "--hard=pods=0")
    site.kubectl("-n", namespace, *words)
    eventually(
        lambda: site.get(namespace, "quota", "none").get("status", {}).get("hard"), "it counts"
    )


def limit_range(site: Site, namespace: str) -> None:
    limits = [{"type": "Container", "max": {"memory": "64Mi"}}]
    metadata = {"name": "small"}
    site.apply(
        namespace,
        {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": metadata,
            "spec": {"limits": limits},
        },
    )


def pod_security(site: Site, namespace: str) -> None:
    label = "pod-security.kubernetes.io/enforce=restricted"
    site.kubectl("label", "namespace", namespace, label)


RESTRICTED = {
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    "podSecurityContext": {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}
BIG = {"resources": {"limits": {"memory": "128Mi"}}}
SMALL = {"resources": {"limits": {"memory": "64Mi"}}}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What keeps pods out, in which words, of which spec, and the spec that it lets in."""

    refuse: Callable[[Site, str], None]
    words: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] | None = None


REFUSALS = {
    "quota": Refusal(quota, "exceeded quota: none"),
    "LimitRange": Refusal(
        limit_range, "maximum memory usage per Container is 64Mi", before=BIG, after=SMALL
    ),
    "PodSecurity": Refusal(
        pod_security, 'violates PodSecurity "restricted:latest"', after=RESTRICTED
    ),
}


@pytest.mark.parametrize("by", REFUSALS)
def test_pods_that_the_namespace_refuses_are_told_in_its_words_until_they_are_right(
    site: Site, namespace: str, by: str
) -> None:
    case = REFUSALS[by]
    case.refuse(site, namespace)
    site.apply(namespace, app_secret({}), addon("echo", spec(site, **case.before)))
    assert case.words in site.told(namespace, "echo", "Ready", "PodsRefused")
    assert condition(site.get(namespace, "tcpaddon", "echo"), "AddressAssigned")["status"] == "True"
    if case.after is None:
        site.kubectl("-n", namespace, "delete", "quota", "none")
    else:
        site.apply(namespace, addon("echo", spec(site, **case.after)))
    site.ready(namespace, "echo")
