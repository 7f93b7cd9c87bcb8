"""What was wrong and is mended by somebody is served without a restart and without a nudge."""

from typing import Any

import aiohttp

from tcpaddon.main import Operator
from tests.apiserver import ApiServer, running
from tests.operators import eventually, operator
from tests.worlds import CRDS, world

SPEC: dict[str, Any] = {"image": "registry.example/broker:1"}


async def test_a_name_that_another_addon_held_is_taken_once_it_is_free(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()):
        first = await w.addon("mqtt", {**SPEC, "processType": "ws-tcp"})
        await eventually(lambda: w.is_ready("mqtt"), "the first is Ready")
        await w.addon("mqtt-ws", SPEC)  # its children are called mqtt-ws-tcp as well

        async def told() -> bool:
            return (await w.condition("mqtt-ws", "Ready")).get("reason") == "NameConflict"

        await eventually(told, "NameConflict is told")
        await w.api.delete(w.path("tcpaddons", "mqtt"))
        await w.collect_garbage(first["metadata"]["uid"])
        await eventually(lambda: w.is_ready("mqtt-ws"), "the second is Ready")


async def test_a_child_that_lost_its_label_gets_it_back_and_the_url_stays(
    apiserver: ApiServer,
) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()) as op:
        await w.addon("mqtt", SPEC)
        await eventually(lambda: w.is_ready("mqtt"), "it is Ready")
        url = (await w.get("tcpaddons", "mqtt"))["status"]["url"]
        before = await w.get("services", "mqtt-tcp")
        await w.patch("services", "mqtt-tcp", {"metadata": {"labels": {"tcpaddon.io/role": None}}})

        async def labelled() -> bool:
            now = await w.get("services", "mqtt-tcp")
            return "tcpaddon.io/role" in now["metadata"]["labels"]

        await eventually(labelled, "the label is there again")

        async def told() -> bool:
            return bool(op.queue.is_idle) and await w.is_ready("mqtt")

        await eventually(told, "it is Ready again")
        assert (await w.get("tcpaddons", "mqtt"))["status"]["url"] == url
        assert (await w.get("services", "mqtt-tcp"))["metadata"]["uid"] == before["metadata"]["uid"]


async def test_a_copy_of_a_child_that_a_user_made_is_left_alone(apiserver: ApiServer) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()) as op:
        await w.addon("mqtt", SPEC)
        await eventually(lambda: w.is_ready("mqtt"), "it is Ready")
        service = await w.get("services", "mqtt-tcp")
        copied = ("labels", "annotations", "ownerReferences")
        head = {k: service["metadata"][k] for k in copied}
        spec = {"type": "ClusterIP", "selector": {"mine": "yes"}, "ports": [{"port": 80}]}
        made = await w.create("services", {"metadata": {**head, "name": "mine"}, "spec": spec})
        addon = await w.patch("tcpaddons", "mqtt", {"spec": {"args": ["--new"]}})

        async def served() -> bool:
            known = op.addons.get(w.namespace, "mqtt")
            seen = known and known.resource_version >= int(addon["metadata"]["resourceVersion"])
            return bool(seen and op.queue.is_idle and await w.is_ready("mqtt"))

        await eventually(served, "the new version is served")
        assert (await w.get("services", "mine"))["metadata"]["uid"] == made["metadata"]["uid"]


async def test_without_the_crd_the_operator_says_so_and_serves_once_it_is_there() -> None:
    with running() as server:
        async with operator(server.kubeconfig()) as op:
            await eventually(lambda: _says(op, "TcpAddon: cannot be listed"), "readyz says it")
            for crd in CRDS.glob("*.yaml"):
                server.kubectl("apply", "--server-side", "-f", str(crd))
            async with world(server) as w:
                await w.addon("mqtt", SPEC)
                await eventually(lambda: w.is_ready("mqtt"), "it is Ready")
            await eventually(lambda: _says(op, "ok"), "readyz is content")


async def _says(op: Operator, words: str) -> bool:
    if not op.endpoints.port:
        return False  # it has not begun to serve yet
    url = f"http://127.0.0.1:{op.endpoints.port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return words in await answer.text()


async def test_the_metrics_tell_what_the_operator_did(apiserver: ApiServer) -> None:
    async with world(apiserver) as w, operator(apiserver.kubeconfig()) as op:
        await w.addon("mqtt", SPEC)
        await eventually(lambda: w.is_ready("mqtt"), "it is Ready")
        url = f"http://127.0.0.1:{op.endpoints.port}"
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{url}/metrics") as answer:
                text = await answer.text()
            async with session.get(f"{url}/healthz") as answer:
                assert await answer.text() == "ok\n"
        assert 'tcpaddon_watch_synced{kind="Service"} 1.0' in text
        assert 'tcpaddon_watch_synced{kind="TcpAddon"} 1.0' in text
        assert 'tcpaddon_reconciles_total{result="changed"}' in text
        assert "tcpaddon_api_requests_total{" in text
        assert _count(text) >= 1


def _count(text: str) -> float:
    line = next(line for line in text.splitlines() if line.startswith("tcpaddon_addons "))
    return float(line.split()[1])
