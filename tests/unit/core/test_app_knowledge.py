"""Whether the app knows the URL, when that is looked at, and when the app is restarted for it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tcpaddon.core.facts import AppContainer, AppFact, Kind, Ref, Refusal
from tcpaddon.core.plan import plan
from tcpaddon.core.readers import readers
from tcpaddon.core.stored import stored_condition
from tcpaddon.names import Condition, Reason
from tests.unit.core.world import NOW, World, addon, secret

WEB = Ref(Kind.DEPLOYMENT, "iot", "web")
ENV_FROM: dict[str, Any] = {"envFrom": [{"secretRef": {"name": "app-env"}}]}


def app(fields: Any = ENV_FROM, volumes: Any = ()) -> AppFact:
    return AppFact(
        ref=WEB,
        uid="uid-of-web",
        resource_version=1,
        addon=None,
        owner_uid=None,
        applied="",
        fields="",
        deleting=False,
        containers=(AppContainer("web", "example.com/app:7", fields),),
        default_container="",
        pod_fields={"volumes": list(volumes)},
        marked_by=frozenset(),
        settled=True,
    )


def served(*, restart: bool = False, started: int = -10, **change: Any) -> World:
    """Return a world in which all is done; started: of the app's pod, in seconds from the start."""
    binding = {"secretRef": {"name": "app-env"}, "restartApp": restart}
    held, web = secret("app-env"), replace(app(), **change)
    w = World(
        addon=addon({"appRef": {"name": "web"}, "binding": binding}),
        users={held.ref: held, WEB: web},
        app_started=(NOW + timedelta(seconds=started),),
    )
    w.settle()
    w.give_address()
    w.settle()
    w.pass_time(5)
    w.start_pods()
    w.settle()
    w.pass_time(10)
    w.settle()
    return w


def said(w: World) -> Any:
    return stored_condition(w.addon.status, Condition.BINDING_PUBLISHED)


def web(w: World, **change: Any) -> None:
    """Let something happen to the app."""
    fact = w.users[WEB]
    assert isinstance(fact, AppFact)
    w.users[WEB] = replace(fact, **change)


def test_an_older_pod_is_told_of_with_what_to_do() -> None:
    w = served()
    assert w.addon.status.binding.stale_pods == 1
    assert said(w).reason == Reason.STALE_PODS
    assert "kubectl rollout restart deployment/web" in said(w).message
    assert "restart Deployment web" not in w.writes
    assert w.addon.status.conditions[0].status == "True"  # Ready


def test_a_younger_pod_knows_it_and_is_looked_at_once() -> None:
    w = served(started=1)
    assert w.addon.status.binding.stale_pods == 0
    assert said(w).reason == Reason.BINDING_PUBLISHED
    assert len(w.looks) == 1
    w.edit(
        {"appRef": {"name": "web"}, "binding": {"secretRef": {"name": "app-env"}}, "args": ["a"]}
    )
    w.settle()
    w.start_pods()
    w.settle()
    assert len(w.looks) == 1


def test_it_costs_no_status_of_its_own() -> None:
    assert served().writes.count("status") == 3


def test_nobody_looks_before_the_process_serves_or_while_the_app_is_rolled() -> None:
    w = served(settled=False)
    assert w.looks == []
    web(w, settled=True)
    w.settle()
    assert len(w.looks) == 1


def test_the_app_is_restarted_once_and_then_knows_it() -> None:
    w = served(restart=True)
    assert w.writes.count("restart Deployment web") == 1
    assert w.events.count("AppRestarted") == 1
    assert "is restarted" in said(w).message
    w.app_started = (w.now,)
    web(w, settled=True)
    w.pass_time(10)
    w.settle()
    w.pass_time(10)
    w.settle()
    assert w.addon.status.binding.stale_pods == 0
    assert said(w).reason == Reason.BINDING_PUBLISHED
    assert w.writes.count("restart Deployment web") == 1


def test_a_restart_that_somebody_takes_back_is_not_repeated() -> None:
    w = served(restart=True)
    web(w, settled=True, restarted_at=None)
    w.pass_time(10)
    w.settle()
    assert w.writes.count("restart Deployment web") == 1
    assert w.addon.status.binding.stale_pods == 1


def test_an_app_that_was_restarted_by_hand_since_is_not_restarted_again() -> None:
    later = NOW + timedelta(seconds=60)
    assert "restart Deployment web" not in served(restart=True, restarted_at=later).writes


def test_a_new_address_is_written_anew_and_restarts_the_app_again() -> None:
    w = served(restart=True)
    w.app_started = (w.now,)
    web(w, settled=True)
    w.pass_time(60)
    w.give_address("203.0.113.99")
    w.settle()
    w.pass_time(10)
    w.settle()
    assert w.writes.count("restart Deployment web") == 2


def test_a_key_that_is_put_back_with_the_same_url_restarts_nothing() -> None:
    w = served(restart=True)
    w.app_started = (w.now,)
    web(w, settled=True)
    w.settle()
    before = w.addon.status.binding.written_at
    w.pass_time(60)
    replaced = secret("app-env", ["OTHER"], uid="uid-of-another")
    w.users[replaced.ref] = replaced
    w.settle()
    w.pass_time(10)
    w.settle()
    assert w.writes.count("apply Secret app-env") == 2
    assert w.writes.count("restart Deployment web") == 1
    assert w.addon.status.binding.written_at == before
    assert w.addon.status.binding.stale_pods == 0


def test_a_refused_restart_is_told_and_not_claimed() -> None:
    w = served(restart=False)
    binding = {"secretRef": {"name": "app-env"}, "restartApp": True}
    w.edit({"appRef": {"name": "web"}, "binding": binding})
    facts = replace(w.facts({WEB: Refusal("RefusedByApiServer", "no")}), app_started=(NOW,))
    made = plan(w.addon, facts)
    assert made.restarts == ()
    assert made.status is not None
    assert "appRestartedAt" not in made.status["binding"]


def of_key(name: str, key: str) -> dict[str, Any]:
    return {"env": [{"name": "U", "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}]}


@pytest.mark.parametrize(
    ("fields", "volumes", "reads"),
    [
        (ENV_FROM, [], ({"web"}, False)),
        ({"envFrom": [{"configMapRef": {"name": "app-env"}}]}, [], (set(), False)),
        (of_key("app-env", "TCP_URL"), [], ({"web"}, False)),
        (of_key("app-env", "DB"), [], (set(), False)),
        ({"env": [{"name": "U", "value": "x"},
                  {"name": "V", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]},
         [], (set(), False)),
        (of_key("mqtt-tcp-binding", "uri"), [], ({"web"}, False)),
        ({}, [{"name": "v", "secret": {"secretName": "app-env"}}], (set(), True)),
        ({}, [{"name": "v", "projected": {"sources": [{"secret": {"name": "mqtt-tcp-binding"}}]}}],
         (set(), True)),
        ({}, [{"name": "v", "emptyDir": {}}], (set(), False)),
    ],
)  # fmt: skip
def test_who_reads_the_url_is_found(fields: Any, volumes: Any, reads: Any) -> None:
    made = addon({"appRef": {"name": "web"}, "binding": {"secretRef": {"name": "app-env"}}})
    found = readers(made, app(fields, volumes), secret("app-env"))
    assert (found.containers, found.files) == reads


def test_files_are_kept_up_to_date_by_kubernetes_itself() -> None:
    volume = {"name": "v", "secret": {"secretName": "app-env"}}
    w = served(
        containers=(AppContainer("web", "example.com/app:7"),), pod_fields={"volumes": [volume]}
    )
    assert w.looks == []
    assert said(w).reason == Reason.BINDING_PUBLISHED
