"""What runs, and when it starts anew: suspended, restarted by hand, by its Secret or its app."""

from typing import Any

import pytest

from tests.apiserver import ApiServer
from tests.operators import eventually, operator
from tests.waits import ready, told
from tests.worlds import World, encoded, world

SPEC: dict[str, Any] = {
    "image": "registry.example/broker:1",
    "ports": [{"name": "mqtt", "containerPort": 1883}],
    "binding": {"secretRef": {"name": "app-env"}},
}


async def deployment(w: World) -> Any:
    return await w.get("deployments", "mqtt-tcp")


async def test_a_suspended_addon_keeps_its_address_and_keys_and_comes_back_as_it_was(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {})
        await w.addon("mqtt", {**SPEC, "replicas": 2})
        url = (await ready(w))["status"]["url"]
        service, secret = await w.get("services", "mqtt-tcp"), await w.get("secrets", "app-env")
        await w.patch("tcpaddons", "mqtt", {"spec": {"suspend": True}})
        assert "spec.suspend" in await told(w, "Ready", "Suspended")
        assert (await deployment(w))["spec"]["replicas"] == 0
        assert (await w.get("tcpaddons", "mqtt"))["status"]["url"] == url
        assert await w.get("services", "mqtt-tcp") == service
        assert await w.get("secrets", "app-env") == secret
        # What is scaled meanwhile counts when it comes back.
        apiserver.kubectl("-n", w.namespace, "scale", "tcpaddon/mqtt", "--replicas=3")
        await told(w, "Ready", "Suspended")
        assert (await deployment(w))["spec"]["replicas"] == 0
        await w.patch("tcpaddons", "mqtt", {"spec": {"suspend": False}})
        await told(w, "Ready", "Ready")
        assert (await deployment(w))["spec"]["replicas"] == 3
        assert await w.get("services", "mqtt-tcp") == service


async def config_map(w: World, procfile: str) -> Any:
    body = {"metadata": {"name": "web-procfile"}, "data": {"Procfile": procfile, "README": "…"}}
    return await w.create("configmaps", body)


def runs(w: World, *words: str) -> Any:
    """Tell whether the process runs this command."""

    async def now() -> bool:
        found = await deployment(w)
        template = found["spec"]["template"]["spec"] if found else {"containers": [{}]}
        return bool(template["containers"][0].get("command") == list(words))

    return now


async def test_a_line_of_a_config_maps_procfile_is_run_and_followed(
    apiserver: ApiServer,
) -> None:
    spec = {**SPEC, "procfileFrom": {"name": "web-procfile"}}
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {})
        before = await config_map(w, "web: npm start\ntcp: ./serve\n")
        await w.addon("mqtt", spec)
        await ready(w)
        await eventually(runs(w, "./serve"), "the line runs")
        first = await deployment(w)
        # Another process's line, another key, a comment: nothing of them is this process's.
        await w.patch("configmaps", "web-procfile", {"data": {"Procfile": "# 2\ntcp: ./serve"}})
        await w.patch("configmaps", "web-procfile", {"data": {"README": "!"}})
        await w.patch("configmaps", "web-procfile", {"data": {"Procfile": "tcp: ./serve --more"}})
        await eventually(runs(w, "./serve", "--more"), "the new line runs")
        second = await deployment(w)
        assert second["metadata"]["generation"] == first["metadata"]["generation"] + 1
        # A line that cannot be read, a key that is not there: what runs goes on, and is told of.
        await w.patch("configmaps", "web-procfile", {"data": {"Procfile": "nonsense"}})
        assert "goes on" in await told(w, "Accepted", "InvalidProcfile")
        await w.patch("configmaps", "web-procfile", {"data": {"Procfile": None}})
        assert "README" in await told(w, "Accepted", "ProcfileKeyNotFound")
        await w.patch("configmaps", "web-procfile", {"data": {"Procfile": "tcp: ./serve --more"}})
        await ready(w)
        await w.api.delete(w.path("configmaps", "web-procfile"))
        assert "web-procfile" in await told(w, "Accepted", "ConfigMapNotFound")
        assert (await w.condition("mqtt", "WorkloadAvailable"))["status"] == "True"
        await config_map(w, "tcp: ./serve --more")
        await ready(w)
        after = await deployment(w)
        assert after["spec"] == second["spec"]
        assert before["metadata"]["uid"] != (await marked(w))["metadata"]["uid"]


async def marked(w: World) -> Any:
    """Wait until the ConfigMap carries the mark by which it is watched."""

    async def now() -> Any:
        found = await w.get("configmaps", "web-procfile")
        return found if found["metadata"].get("labels") == {"tcpaddon.io/role": "app"} else None

    return await eventually(now, "the ConfigMap is marked")


@pytest.mark.parametrize("how", ["the addon goes", "the spec names another"])
async def test_the_mark_on_a_config_map_is_given_back(apiserver: ApiServer, how: str) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {})
        before = await config_map(w, "tcp: ./serve")
        await w.addon("mqtt", {**SPEC, "procfileFrom": {"name": "web-procfile"}})
        await marked(w)
        if how == "the addon goes":
            await w.api.delete(w.path("tcpaddons", "mqtt"))
        else:
            other = {"procfileFrom": None, "procfile": "tcp: ./serve"}
            await w.patch("tcpaddons", "mqtt", {"spec": other})

        async def unmarked() -> Any:
            found = await w.get("configmaps", "web-procfile")
            return found if not found["metadata"].get("labels") else None

        after = await eventually(unmarked, "the mark is given back")
        assert after["data"] == before["data"]


async def test_a_missing_config_map_is_told_and_served_once_it_is_there(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {})
        await w.addon("mqtt", {**SPEC, "procfileFrom": {"name": "web-procfile"}})
        assert "web-procfile" in await told(w, "Ready", "ConfigMapNotFound")
        assert await deployment(w) is None
        await config_map(w, "tcp: ./serve")
        await ready(w)


async def test_a_change_of_the_users_keys_restarts_the_process_and_nothing_else_does(
    apiserver: ApiServer,
) -> None:
    spec = {**SPEC, "rollout": {"restartOnSecretChange": True}}
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.secret("app-env", {"DATABASE_URL": "postgres://a"})
        await w.addon("mqtt", spec)
        await ready(w)
        before = await deployment(w)
        # Another addon's key comes and goes, a label comes, the Secret is made anew.
        await w.addon("other", {**SPEC, "binding": {**SPEC["binding"], "urlKey": "OTHER_URL"}})
        await ready(w, "other")
        await w.patch("secrets", "app-env", {"metadata": {"labels": {"team": "iot"}}})
        await w.api.delete(w.path("tcpaddons", "other"))
        await eventually(lambda: has_keys(w, "DATABASE_URL", "TCP_URL"), "the other's key is gone")
        await w.api.delete(w.path("secrets", "app-env"))
        await told(w, "BindingPublished", "SecretNotFound")
        await w.secret("app-env", {"DATABASE_URL": "postgres://a"})
        await eventually(lambda: has_keys(w, "DATABASE_URL", "TCP_URL"), "our key is there again")
        await ready(w)
        same = await deployment(w)
        assert same["metadata"]["generation"] == before["metadata"]["generation"]
        await w.patch("secrets", "app-env", {"data": {"DATABASE_URL": encoded("postgres://b")}})

        async def restarted() -> bool:
            return revision(await deployment(w)) != revision(before)

        await eventually(restarted, "the process restarts")
        await ready(w)
        after = await deployment(w)
        assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1


def revision(found: Any) -> str:
    return str(found["spec"]["template"]["metadata"]["labels"]["tcpaddon.io/revision"])


async def has_keys(w: World, *keys: str) -> bool:
    secret = await w.get("secrets", "app-env")
    return secret is not None and set(secret["data"]) == set(keys)


async def test_a_restart_by_hand_is_kept_across_our_own_applies(apiserver: ApiServer) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()) as op:
        await w.secret("app-env", {})
        await w.addon("mqtt", {**SPEC, "podAnnotations": {"example.com/a": "b"}})
        await ready(w)
        before = await deployment(w)
        apiserver.kubectl("-n", w.namespace, "rollout", "restart", "deployment/mqtt-tcp")
        at = restarted_at(await deployment(w))
        assert at
        # A new version, then one that takes the other annotation away, then a repair.
        await w.patch("tcpaddons", "mqtt", {"spec": {"args": ["--new"]}})
        await eventually(changed(w, before), "the new version is rolled out")
        second = await deployment(w)
        await w.patch("tcpaddons", "mqtt", {"spec": {"podAnnotations": None}})
        await eventually(changed(w, second), "the annotation is gone")
        third = await deployment(w)
        assert third["spec"]["template"]["metadata"]["annotations"] == {RESTARTED_AT: at}
        await w.patch("deployments", "mqtt-tcp", {"spec": {"replicas": 7}})

        async def repaired() -> bool:
            return (await deployment(w))["spec"]["replicas"] == 1 and op.queue.is_idle

        await eventually(repaired, "the number of processes is repaired")
        await ready(w)
        assert restarted_at(await deployment(w)) == at


RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def restarted_at(found: Any) -> str:
    annotations = found["spec"]["template"]["metadata"].get("annotations", {})
    return str(annotations.get(RESTARTED_AT, ""))


def changed(w: World, before: Any) -> Any:
    async def now() -> bool:
        return revision(await deployment(w)) != revision(before) and await w.is_ready("mqtt")

    return now
