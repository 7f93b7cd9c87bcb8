"""Web pods that started before the URL was written: told of, and restarted where that is wanted."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.apiserver import ApiServer
from tests.operators import eventually, operator
from tests.worlds import World, world

SPEC: dict[str, Any] = {"appRef": {"name": "web"}, "binding": {"secretRef": {"name": "app-env"}}}
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


async def app(w: World, env_from: Any) -> Any:
    container = {"name": "web", "image": "registry.example/web:1", "envFrom": env_from}
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return await w.create(
        "deployments",
        {
            "metadata": {"name": "web"},
            "spec": {"selector": {"matchLabels": labels}, "template": template},
        },
    )


READS = [{"secretRef": {"name": "app-env"}}]


async def pod(w: World, name: str, started: datetime) -> None:
    """Make a pod of the app's that runs since then, as a kubelet would report it."""
    container = {"name": "web", "image": "registry.example/web:1"}
    metadata = {"name": name, "labels": {"app": "web"}}
    await w.create("pods", {"metadata": metadata, "spec": {"containers": [container]}})
    at = started.strftime("%Y-%m-%dT%H:%M:%SZ")
    state = {
        "name": "web",
        "image": "registry.example/web:1",
        "imageID": "",
        "ready": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": at}},
    }
    status = {"phase": "Running", "containerStatuses": [state]}
    await w.patch("pods", f"{name}/status", {"status": status})


async def told(w: World, reason: str) -> Any:
    """Wait until BindingPublished gives this reason and the addon is Ready; returns the addon."""

    async def now() -> Any:
        found = await w.condition("mqtt", "BindingPublished")
        ready = await w.is_ready("mqtt")
        right = found.get("reason") == reason and found["status"] == "True"
        return await w.get("tcpaddons", "mqtt") if ready and right else None

    return await eventually(now, f"BindingPublished gives {reason}")


def sentence(addon: Any) -> str:
    return next(
        str(c["message"]) for c in addon["status"]["conditions"] if c["type"] == "BindingPublished"
    )


async def test_older_pods_are_told_of_until_the_app_has_rolled(apiserver: ApiServer) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    async with world(apiserver) as w, operator(apiserver.kubeconfig("operator")) as op:
        await w.secret("app-env", {})
        await app(w, READS)
        for name in ("web-1", "web-2"):
            await pod(w, name, long_ago)
        await w.addon("mqtt", SPEC)
        addon = await told(w, "StalePods")
        assert addon["status"]["binding"]["stalePods"] == 2
        assert "kubectl rollout restart deployment/web" in sentence(addon)
        before = await w.get("deployments", "web")
        assert not before["spec"]["template"]["metadata"].get("annotations")
        # At rest nobody looks again.
        await eventually(idle(op), "the queue is idle")
        looked = lists(apiserver, w)
        await w.patch("tcpaddons", "mqtt", {"metadata": {"annotations": {"foreign": "1"}}})
        await eventually(idle(op), "the queue is idle")
        assert lists(apiserver, w) == looked
        # The user rolls the app.
        apiserver.kubectl("-n", w.namespace, "rollout", "restart", "deployment/web")
        for name in ("web-1", "web-2"):
            await w.api.delete(f"{w.path('pods', name)}?gracePeriodSeconds=0")
        await pod(w, "web-3", datetime.now(UTC) + timedelta(seconds=5))
        # What the Deployment's controller says when its pods come and go; the fake one goes on.
        none = {"readyReplicas": 0, "availableReplicas": 0}
        await w.patch("deployments", "web/status", {"status": none})
        addon = await told(w, "BindingPublished")
        assert addon["status"]["binding"]["stalePods"] == 0


async def test_the_app_is_restarted_once_and_deleting_the_addon_does_not_roll_it(
    apiserver: ApiServer,
) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    binding = {**SPEC["binding"], "restartApp": True}
    async with world(apiserver) as w, operator(apiserver.kubeconfig("operator")):
        await w.secret("app-env", {})
        before = await app(w, READS)
        await pod(w, "web-1", long_ago)
        await w.addon("mqtt", {**SPEC, "binding": binding})

        async def restarted() -> Any:
            found = await w.get("deployments", "web")
            return found["spec"]["template"]["metadata"].get("annotations", {}).get(RESTARTED_AT)

        at = await eventually(restarted, "the app is restarted")
        addon = await told(w, "StalePods")
        assert addon["status"]["binding"]["appRestartedAt"] == at
        # This pod stays as old as it was: that must not restart the app again and again.
        await w.patch("tcpaddons", "mqtt", {"spec": {"args": ["--new"]}})
        await told(w, "StalePods")
        events = (await w.api.get(w.path("events")))["items"]
        assert [e["reason"] for e in events].count("AppRestarted") == 1
        await w.api.delete(w.path("tcpaddons", "mqtt"))

        async def unmarked() -> Any:
            found = await w.get("deployments", "web")
            return None if "tcpaddon.io/role" in found["metadata"].get("labels", {}) else found

        after = await eventually(unmarked, "the mark is given back")
        assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1
        assert await restarted() == at


async def test_an_app_that_does_not_read_its_secret_is_told_so_until_it_does(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig("operator")):
        await w.secret("app-env", {})
        await app(w, [])
        await w.addon("mqtt", SPEC)
        addon = await told(w, "SecretNotRead")
        assert "envFrom: [{secretRef: {name: app-env}}]" in sentence(addon)
        assert lists(apiserver, w) == 0
        container = {"name": "web", "image": "registry.example/web:1", "envFrom": READS}
        template = {"spec": {"containers": [container]}}
        await w.patch("deployments", "web", {"spec": {"template": template}})
        await told(w, "BindingPublished")


def idle(op: Any) -> Any:
    async def now() -> bool:
        return bool(op.queue.is_idle)

    return now


def lists(server: ApiServer, w: World) -> int:
    """Count how often the operator has looked at the pods of the namespace."""
    return sum(
        line["verb"] == "list"
        and line["user"].get("username") == "operator"
        and line["objectRef"].get("namespace") == w.namespace
        and line["objectRef"]["resource"] == "pods"
        for line in server.audit()
    )
