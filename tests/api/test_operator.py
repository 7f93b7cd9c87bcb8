"""The whole operator against a real API server: what a user does, and what becomes of it."""

from collections import Counter
from typing import Any

import pytest

from tests.apiserver import ApiServer
from tests.operators import eventually, operator
from tests.waits import ready
from tests.wire import Wire
from tests.worlds import World, decoded, encoded, world

SPEC: dict[str, Any] = {
    "image": "registry.example/broker:1",
    "ports": [{"name": "mqtt", "containerPort": 1883}],
    "binding": {"secretRef": {"name": "app-env"}},
}


async def test_one_apply_gives_an_address_a_url_in_the_secret_and_a_process(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {"OTHER": "untouched"})
        await w.addon("mqtt", SPEC)
        addon = await ready(w, "mqtt")
        service = await w.get("services", "mqtt-tcp")
        address = service["status"]["loadBalancer"]["ingress"][0]["ip"]
        assert addon["status"]["url"] == f"tcp://{address}:1883"
        secret = await w.get("secrets", "app-env")
        assert decoded(secret["data"]["TCP_URL"]) == addon["status"]["url"]
        assert decoded(secret["data"]["OTHER"]) == "untouched"
        assert secret["metadata"].get("ownerReferences") is None
        binding = await w.get("secrets", "mqtt-tcp-binding")
        assert binding["type"] == "servicebinding.io/tcp"
        assert decoded(binding["data"]["uri"]) == addon["status"]["url"]
        deployment = await w.get("deployments", "mqtt-tcp")
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        assert {"name": "PORT", "value": "1883"} in container["env"]


async def test_a_create_costs_seven_writes_and_three_events_and_rest_costs_nothing(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig("operator")) as op:
        await w.secret("app-env", {})
        await w.addon("mqtt", SPEC)
        await ready(w, "mqtt")
        await eventually(_idle(op), "the queue is idle")
        writes, events = _writes(apiserver, w.namespace)
        assert 5 <= sum(writes.values()) <= 7, writes
        assert events <= 3
        before = _requests(apiserver, w.namespace)
        # A change of the children that means nothing must cost nothing either.
        await w.patch("services", "mqtt-tcp", {"metadata": {"annotations": {"foreign": "1"}}})
        await w.patch("deployments", "mqtt-tcp", {"metadata": {"annotations": {"foreign": "1"}}})
        await w.patch("tcpaddons", "mqtt", {"metadata": {"annotations": {"foreign": "1"}}})
        seen = await w.get("tcpaddons", "mqtt")
        await eventually(_has_seen(op, seen), "the operator has seen the change")
        await eventually(_idle(op), "the queue is idle")
        after = _requests(apiserver, w.namespace)
        assert [_what(line) for line in after[len(before) :]] == []


async def test_a_restart_with_everything_in_place_writes_nothing(apiserver: ApiServer) -> None:
    async with world(apiserver) as w:
        await w.secret("app-env", {})
        async with operator(apiserver.kubeconfig("operator")):
            await w.addon("mqtt", SPEC)
            addon = await ready(w, "mqtt")
        before = len(_requests(apiserver, w.namespace))
        async with operator(apiserver.kubeconfig("operator")) as op:
            await eventually(_has_seen(op, addon), "the operator knows the addon")
            await eventually(_idle(op), "the queue is idle")
            assert len(_requests(apiserver, w.namespace)) == before


async def test_with_an_app_a_create_costs_eight_writes_and_a_new_image_there_is_followed(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig("operator")):
        await w.secret("app-env", {})
        await w.app("web", "registry.example/web:1")
        spec = {k: v for k, v in SPEC.items() if k != "image"}
        await w.addon("mqtt", {**spec, "appRef": {"kind": "Deployment", "name": "web"}})
        await ready(w, "mqtt")
        writes, _ = _writes(apiserver, w.namespace)
        assert 5 <= sum(writes.values()) <= 8, writes
        before = await w.get("deployments", "web")
        patch = {"name": "web", "image": "registry.example/web:2"}
        await w.patch(
            "deployments", "web", {"spec": {"template": {"spec": {"containers": [patch]}}}}
        )
        await eventually(
            lambda: _image_is(w, "registry.example/web:2"), "the tcp process has the new image"
        )
        after = await w.get("deployments", "web")
        assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1  # the user's


async def test_deleting_an_addon_gives_its_key_back_and_leaves_the_rest(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {"OTHER": "untouched"})
        await w.app("web", "registry.example/web:1")
        app = await w.get("deployments", "web")
        spec = {k: v for k, v in SPEC.items() if k != "image"}
        await w.addon("mqtt", {**spec, "appRef": {"kind": "Deployment", "name": "web"}})
        await ready(w, "mqtt")
        await w.api.delete(w.path("tcpaddons", "mqtt"))
        secret = await eventually(lambda: _without_key(w), "the key is given back")
        assert {k: decoded(v) for k, v in secret["data"].items()} == {"OTHER": "untouched"}
        assert not secret["metadata"].get("labels")

        async def unmarked() -> bool:
            now = await w.get("deployments", "web")
            return "tcpaddon.io/role" not in now["metadata"].get("labels", {})

        await eventually(unmarked, "the mark on the app is given back")
        now = await w.get("deployments", "web")
        assert now["spec"] == app["spec"]


async def test_a_key_is_given_back_though_the_operator_was_down_when_the_addon_went(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w:
        await w.secret("app-env", {"OTHER": "untouched"})
        async with operator(apiserver.kubeconfig()):
            addon = await w.addon("mqtt", SPEC)
            await ready(w, "mqtt")
        await w.api.delete(w.path("tcpaddons", "mqtt"))
        await w.collect_garbage(addon["metadata"]["uid"])
        async with operator(apiserver.kubeconfig()):
            await eventually(lambda: _without_key(w), "the key is given back")


async def test_removing_a_field_from_the_spec_removes_it_from_the_child(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {})
        more = {"nodeSelector": {"disk": "ssd"}, "exposure": {"sourceRanges": ["198.18.0.0/15"]}}
        await w.addon("mqtt", {**SPEC, **more})
        await ready(w, "mqtt")
        service = await w.get("services", "mqtt-tcp")
        assert service["spec"]["loadBalancerSourceRanges"] == ["198.18.0.0/15"]
        await w.patch("tcpaddons", "mqtt", {"spec": dict.fromkeys(more)})

        async def gone() -> bool:
            deployment = await w.get("deployments", "mqtt-tcp")
            service = await w.get("services", "mqtt-tcp")
            pod = deployment["spec"]["template"]["spec"]
            return "nodeSelector" not in pod and "loadBalancerSourceRanges" not in service["spec"]

        await eventually(gone, "both fields are gone")


@pytest.mark.parametrize("kind", ["services", "deployments", "secrets"])
async def test_a_foreign_object_of_a_childs_name_is_left_as_it_was(
    apiserver: ApiServer, kind: str
) -> None:
    foreign: dict[str, Any] = {
        "services": {
            "metadata": {"name": "mqtt-tcp"},
            "spec": {"ports": [{"port": 80}], "selector": {"mine": "yes"}},
        },
        "deployments": {
            "metadata": {"name": "mqtt-tcp"},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"mine": "yes"}},
                "template": {
                    "metadata": {"labels": {"mine": "yes"}},
                    "spec": {"containers": [{"name": "c", "image": "registry.example/mine"}]},
                },
            },
        },
        "secrets": {"metadata": {"name": "mqtt-tcp-binding"}, "data": {"mine": encoded("yes")}},
    }
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {})
        before = await w.create(kind, foreign[kind])
        await w.addon("mqtt", SPEC)

        async def told() -> bool:
            found = await w.condition("mqtt", "Ready")
            return found.get("reason") == "NameConflict"

        await eventually(told, "NameConflict is told")
        after = await w.get(kind, before["metadata"]["name"])
        for side in (before, after):
            side.pop("status", None)  # the fake controllers'
            for volatile in ("resourceVersion", "managedFields"):
                side["metadata"].pop(volatile, None)
        assert after == before


async def test_somebody_elses_key_is_a_conflict_and_stays_theirs(apiserver: ApiServer) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {"TCP_URL": "tcp://mine:1"})
        await w.addon("mqtt", SPEC)

        async def told() -> bool:
            found = await w.condition("mqtt", "BindingPublished")
            return found.get("reason") == "SecretConflict"

        await eventually(told, "SecretConflict is told")
        secret = await w.get("secrets", "app-env")
        assert decoded(secret["data"]["TCP_URL"]) == "tcp://mine:1"
        await w.patch("secrets", "app-env", {"data": {"TCP_URL": None}})
        await ready(w, "mqtt")


async def test_a_missing_secret_is_told_and_served_once_it_is_there(apiserver: ApiServer) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.addon("mqtt", SPEC)

        async def told() -> str:
            found = await w.condition("mqtt", "BindingPublished")
            return found["message"] if found.get("reason") == "SecretNotFound" else ""

        assert "app-env" in await eventually(told, "SecretNotFound is told")
        await w.secret("app-env", {})
        await ready(w, "mqtt")


async def test_a_changed_image_of_our_deployment_is_repaired(apiserver: ApiServer) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {})
        await w.addon("mqtt", SPEC)
        await ready(w, "mqtt")
        apiserver.kubectl(
            "-n", w.namespace, "set", "image", "deployment/mqtt-tcp", "*=registry.example/other:9"
        )
        await eventually(lambda: _image_is(w, SPEC["image"]), "the image is the addon's again")


async def test_a_replaced_secret_gets_its_key_again(apiserver: ApiServer) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {"OTHER": "1"})
        await w.addon("mqtt", SPEC)
        await ready(w, "mqtt")
        code, answer = await w.api.call(
            "PUT",
            w.path("secrets", "app-env"),
            {"metadata": {"name": "app-env"}, "data": {"OTHER": encoded("2")}},
        )
        assert code == 200, answer

        async def whole() -> bool:
            secret = await w.get("secrets", "app-env")
            return set(secret["data"]) == {"OTHER", "TCP_URL"}

        await eventually(whole, "both keys are there")


@pytest.mark.parametrize("kind", ["services", "deployments"])
async def test_a_child_that_somebody_deletes_is_made_again(apiserver: ApiServer, kind: str) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {})
        await w.addon("mqtt", SPEC)
        await ready(w, "mqtt")
        before = await w.get(kind, "mqtt-tcp")
        await w.api.delete(w.path(kind, "mqtt-tcp"))

        async def another() -> bool:
            now = await w.get(kind, "mqtt-tcp")
            return now is not None and now["metadata"]["uid"] != before["metadata"]["uid"]

        await eventually(another, "it is there again")


async def test_a_deletion_that_passed_while_the_connection_was_cut_is_carried_out(
    apiserver: ApiServer, wire: Wire
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig(port=wire.port)) as op:
        await w.secret("app-env", {"OTHER": "untouched"})
        addon = await w.addon("mqtt", SPEC)
        await ready(w, "mqtt")
        wire.cut()
        await w.api.delete(w.path("tcpaddons", "mqtt"))
        await w.collect_garbage(addon["metadata"]["uid"])
        wire.mend()
        await eventually(lambda: _without_key(w), "the key is given back")
        await eventually(_idle(op), "the queue is idle")
        assert await w.get("services", "mqtt-tcp") is None


async def test_scaling_through_the_scale_subresource_scales_the_process(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {})
        await w.addon("mqtt", SPEC)
        await ready(w, "mqtt")
        apiserver.kubectl("-n", w.namespace, "scale", "tcpaddon/mqtt", "--replicas=3")

        async def scaled() -> bool:
            addon = await w.get("tcpaddons", "mqtt")
            return bool(addon["status"].get("readyReplicas") == 3)

        await eventually(scaled, "three are ready")


def _idle(op: Any) -> Any:
    async def idle() -> bool:
        return bool(op.queue.is_idle)

    return idle


def _has_seen(op: Any, addon: Any) -> Any:
    meta = addon["metadata"]

    async def seen() -> bool:
        known = op.addons.get(meta["namespace"], meta["name"])
        return known is not None and known.resource_version >= int(meta["resourceVersion"])

    return seen


async def _without_key(w: World) -> Any:
    secret = await w.get("secrets", "app-env")
    return secret if "TCP_URL" not in secret.get("data", {}) else None


async def _image_is(w: World, image: str) -> bool:
    deployment = await w.get("deployments", "mqtt-tcp")
    return bool(deployment["spec"]["template"]["spec"]["containers"][0]["image"] == image)


def _requests(server: ApiServer, namespace: str) -> list[dict[str, Any]]:
    """Every finished request of the operator's that is about a namespace."""
    return [
        line
        for line in server.audit()
        if line["user"].get("username") == "operator"
        and line.get("objectRef", {}).get("namespace") == namespace
        and line["verb"] != "watch"
    ]


def _what(line: dict[str, Any]) -> str:
    ref = line["objectRef"]
    return f"{line['verb']} {ref['resource']}/{ref.get('subresource', '')} {ref.get('name', '')}"


def _writes(server: ApiServer, namespace: str) -> tuple[Counter[str], int]:
    """Count the operator's writes by what they are, and its Events."""
    writes: Counter[str] = Counter()
    events = 0
    for line in _requests(server, namespace):
        if line["verb"] in ("get", "list"):
            continue
        ref = line["objectRef"]
        if ref["resource"] == "events":
            events += 1
        else:
            writes[f"{line['verb']} {ref['resource']}/{ref.get('subresource', '')}"] += 1
    return writes, events
