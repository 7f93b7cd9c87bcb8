"""Whose objects are whose: the addon's come and go with its spec, other people's stay."""

from typing import Any

import pytest

from tests.e2e.site import Site, addon, app_secret, eventually, greeting

FOREIGN: dict[str, dict[str, Any]] = {
    "service": {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}},
    "deployment": {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "theirs"}},
            "template": {
                "metadata": {"labels": {"app": "theirs"}},
                "spec": {"containers": [{"name": "theirs", "image": "theirs:1"}]},
            },
        },
    },
    "secret": {"apiVersion": "v1", "kind": "Secret", "stringData": {"theirs": "1"}},
}


def spec(site: Site, **more: Any) -> dict[str, Any]:
    return {
        "image": site.images.server,
        "ports": [{"name": "tcp", "containerPort": 7000}],
        "rollout": {"drainSeconds": 5, "preStopSeconds": 1},
        **more,
    }


def test_another_process_type_takes_over_and_the_old_ones_objects_go(
    site: Site, namespace: str
) -> None:
    wanted = spec(site, replicas=2, binding={"secretRef": {"name": "app-env"}})
    site.apply(namespace, app_secret({}), addon("echo", wanted))
    site.ready(namespace, "echo")
    site.apply(namespace, addon("echo", {**wanted, "processType": "game"}))

    def names() -> set[str]:
        kinds = "service,deployment,secret,poddisruptionbudget"
        children = site.all(namespace, kinds, "tcpaddon.io/role=child")
        return {child["metadata"]["name"] for child in children}

    eventually(lambda: names() == {"echo-game", "echo-game-binding"}, "only the new ones are left")
    url = site.ready(namespace, "echo")["status"]["url"]
    assert greeting(url)["url"] == url


@pytest.mark.parametrize("kind", FOREIGN)
def test_an_object_of_somebody_elses_with_a_childs_name_is_left_as_it_was(
    site: Site, namespace: str, kind: str
) -> None:
    name = "echo-tcp-binding" if kind == "secret" else "echo-tcp"
    site.apply(namespace, {**FOREIGN[kind], "metadata": {"name": name}})
    before = site.get(namespace, kind, name)
    site.apply(namespace, addon("echo", spec(site)))
    assert name in site.told(namespace, "echo", "Ready", "NameConflict")
    after = site.get(namespace, kind, name)
    for found in (before, after):  # its own controller writes its status
        found.pop("status", None)
        del found["metadata"]["resourceVersion"]
        found["metadata"].pop("annotations", None)
    assert after == before


def test_a_stateful_set_is_followed_and_let_go(site: Site, namespace: str) -> None:
    app = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web"},
        "spec": {
            "serviceName": "web",
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "containers": [
                        {
                            "name": "web",
                            "image": site.images.server,
                            "env": [{"name": "VERSION", "value": "1"}],
                        }
                    ],
                    "terminationGracePeriodSeconds": 1,
                },
            },
        },
    }
    wanted = spec(site, appRef={"kind": "StatefulSet", "name": "web"})
    del wanted["image"]
    site.apply(namespace, app, addon("echo", wanted))
    url = site.ready(namespace, "echo")["status"]["url"]
    assert greeting(url)["version"] == "1"
    assert "tcpaddon.io/role" in labels(site, namespace, "statefulset", "web")
    (variable,) = app["spec"]["template"]["spec"]["containers"][0]["env"]  # type: ignore[index]
    variable["value"] = "2"
    site.apply(namespace, app)
    eventually(lambda: greeting(url)["version"] == "2", "the process follows")
    site.kubectl("-n", namespace, "delete", "tcpaddon", "echo")
    eventually(
        lambda: "tcpaddon.io/role" not in labels(site, namespace, "statefulset", "web"),
        "the mark is gone",
    )


def test_the_procfile_of_a_config_map_is_followed_and_let_go(site: Site, namespace: str) -> None:
    def procfile(version: str) -> dict[str, Any]:
        text = f"tcp: VERSION={version} python3 -u server.py\n"
        head = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "procfile"}}
        return {**head, "data": {"Procfile": text}}

    wanted = spec(site, procfileFrom={"name": "procfile"})
    site.apply(namespace, procfile("1"), addon("echo", wanted))
    url = site.ready(namespace, "echo")["status"]["url"]
    assert greeting(url)["version"] == "1"
    site.apply(namespace, procfile("2"))
    eventually(lambda: greeting(url)["version"] == "2", "the process follows")
    site.kubectl("-n", namespace, "delete", "tcpaddon", "echo")

    def is_marked() -> bool:
        return "tcpaddon.io/role" in labels(site, namespace, "configmap", "procfile")

    eventually(lambda: not is_marked(), "the mark is gone")


def labels(site: Site, namespace: str, kind: str, name: str) -> dict[str, str]:
    found: dict[str, str] = site.get(namespace, kind, name)["metadata"].get("labels", {})
    return found


def test_the_same_trouble_twice_is_one_event_that_counts(site: Site, namespace: str) -> None:
    wanted = spec(site, binding={"secretRef": {"name": "app-env"}})
    site.apply(namespace, addon("echo", wanted))
    site.told(namespace, "echo", "Ready", "SecretNotFound")
    site.apply(namespace, app_secret({}))
    site.ready(namespace, "echo")
    site.kubectl("-n", namespace, "delete", "secret", "app-env")

    def counts() -> list[int]:
        events = site.all(namespace, "events.events.k8s.io")
        return [
            e.get("series", {}).get("count", 1) for e in events if e["reason"] == "SecretNotFound"
        ]

    eventually(lambda: counts() == [2], "it is counted up")
