"""Volumes that two versions cannot use at once, against a real API server."""

from typing import Any

import pytest

from tests.apiserver import ApiServer
from tests.operators import eventually, operator
from tests.waits import ready
from tests.worlds import World, world

PLAIN: dict[str, Any] = {"image": "registry.example/broker:1"}
MOUNTED: dict[str, Any] = {
    **PLAIN,
    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
}


async def claim(w: World, *modes: str) -> None:
    await w.create(
        "persistentvolumeclaims",
        {
            "metadata": {"name": "data"},
            "spec": {
                "accessModes": list(modes),
                "resources": {"requests": {"storage": "1Mi"}},
            },
        },
    )


async def strategy(w: World) -> Any:
    await ready(w)
    return (await w.get("deployments", "mqtt-tcp"))["spec"]["strategy"]


ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "100%"}}
RECREATE = {"type": "Recreate"}


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        (["ReadWriteOnce"], RECREATE),
        (["ReadWriteOncePod"], RECREATE),
        (["ReadWriteMany"], ROLLING),
        (["ReadOnlyMany"], ROLLING),
        (["ReadWriteOnce", "ReadWriteMany"], ROLLING),
    ],
)
async def test_the_access_modes_of_the_volume_decide_how_a_version_replaces_another(
    apiserver: ApiServer, modes: list[str], expected: Any
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await claim(w, *modes)
        await w.addon("mqtt", MOUNTED)
        assert await strategy(w) == expected


async def test_a_volume_that_comes_and_goes_changes_the_strategy_of_the_live_deployment(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await claim(w, "ReadWriteOnce")
        await w.addon("mqtt", PLAIN)
        for spec, expected in ((PLAIN, ROLLING), (MOUNTED, RECREATE), (PLAIN, ROLLING)):
            change = {key: spec.get(key) for key in ("volumes", "volumeMounts")}
            await w.patch("tcpaddons", "mqtt", {"spec": change})
            assert await strategy(w) == expected
        deployment = await w.get("deployments", "mqtt-tcp")
        assert "tcpaddon.io/exclusive-claims" not in deployment["metadata"]["annotations"]


async def test_a_claim_that_comes_later_counts_from_the_next_version_on(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await w.addon("mqtt", MOUNTED)
        assert await strategy(w) == ROLLING  # its pods wait for the claim, of whichever version
        await claim(w, "ReadWriteOnce")
        await w.patch("tcpaddons", "mqtt", {"spec": {"args": ["--new"]}})
        assert await strategy(w) == RECREATE


async def test_a_volume_of_the_app_counts_as_well(apiserver: ApiServer) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        await claim(w, "ReadWriteOnce")
        app = await w.app("web", "registry.example/web:1")
        pod = app["spec"]["template"]["spec"]
        pod["volumes"] = MOUNTED["volumes"]
        pod["containers"][0]["volumeMounts"] = MOUNTED["volumeMounts"]
        await w.patch("deployments", "web", {"spec": {"template": {"spec": pod}}})
        await w.addon("mqtt", {"appRef": {"name": "web"}})
        assert await strategy(w) == RECREATE


async def test_claims_are_read_when_the_deployment_is_applied_and_never_at_rest(
    apiserver: ApiServer,
) -> None:
    def reads(w: World) -> int:
        return sum(
            line["user"].get("username") == "operator"
            and line.get("objectRef", {}).get("namespace") == w.namespace
            and line["objectRef"]["resource"] == "persistentvolumeclaims"
            for line in apiserver.audit()
        )

    async with world(apiserver) as w:
        await claim(w, "ReadWriteOnce")
        async with operator(apiserver.kubeconfig("operator")):
            await w.addon("mqtt", MOUNTED)
            await ready(w)
        created = reads(w)
        assert created == 1
        async with operator(apiserver.kubeconfig("operator")) as op:

            async def rests() -> bool:
                known = op.addons.get(w.namespace, "mqtt") is not None
                return known and bool(op.queue.is_idle)

            await eventually(rests, "the operator rests")
            assert reads(w) == created
            await w.patch("tcpaddons", "mqtt", {"spec": {"args": ["--new"]}})
            await ready(w)
            assert reads(w) == created + 1
