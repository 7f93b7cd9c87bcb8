"""Stands in for nodes: pods get one, start, answer or not as their image says, and drain.

On the real API server, under the real controllers of Deployments and ReplicaSets. What a pod does
is the tag of its image: `answers`, `hangs` (runs and never answers), `crashes` (ends with exit
code 1), `waits` (answers once `Nodes.open` is called), `pulls` (its image comes never).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes import Api

LAST_WORDS = "Error: connect ECONNREFUSED 10.0.0.5:5432"


@dataclass(slots=True)
class Nodes:
    """The kubelet of all nodes."""

    api: Api
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    _starting: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def open(self) -> None:
        """Let the pods that wait answer."""
        self.opened.set()

    async def run(self) -> None:
        """Serve every pod of the cluster, for ever."""
        async for kind, pod in self.api.watch("/api/v1/pods"):
            metadata = pod["metadata"]
            uid, path = metadata["uid"], f"/api/v1/namespaces/{metadata['namespace']}/pods"
            if kind == "DELETED":
                continue
            if "deletionTimestamp" in metadata:
                await self._end(uid, f"{path}/{metadata['name']}")
            elif uid not in self._starting:
                self._starting[uid] = asyncio.create_task(self._start(pod, path))

    async def _start(self, pod: Any, path: str) -> None:
        name = pod["metadata"]["name"]
        binding = {"metadata": {"name": name}, "target": {"kind": "Node", "name": "node"}}
        await self.api.call("POST", f"{path}/{name}/binding", binding)
        behaviour = pod["spec"]["containers"][0]["image"].rpartition(":")[2].partition("-")[0]
        if behaviour == "waits":
            await self._tell(pod, path, _running(started=False), ready=False)
            await self.opened.wait()
        if behaviour == "pulls":
            waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}
            await self._tell(pod, path, {"state": waiting, "started": False}, ready=False)
        elif behaviour == "hangs":
            await self._tell(pod, path, _running(started=False), ready=False)
        elif behaviour == "crashes":
            await self._tell(pod, path, _crashed(), ready=False)
        else:
            await self._tell(pod, path, _running(started=True), ready=True)

    async def _tell(self, pod: Any, path: str, container: Any, *, ready: bool) -> None:
        spec = pod["spec"]["containers"][0]
        status = {
            "name": spec["name"],
            "image": spec["image"],
            "imageID": "",
            "ready": ready,
            "restartCount": 0,
            **container,
        }
        conditions = [
            {"type": kind, "status": "True" if holds else "False", "lastTransitionTime": _now()}
            for kind, holds in (
                ("PodScheduled", True),
                ("Ready", ready),
                ("ContainersReady", ready),
            )
        ]
        told = {"phase": "Running", "conditions": conditions, "containerStatuses": [status]}
        await self.api.patch(f"{path}/{pod['metadata']['name']}/status", {"status": told})

    async def _end(self, uid: str, path: str) -> None:
        task = self._starting.pop(uid, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self.api.call("DELETE", path, {"gracePeriodSeconds": 0})


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _running(*, started: bool) -> dict[str, Any]:
    return {"state": {"running": {"startedAt": _now()}}, "started": started}


def _crashed() -> dict[str, Any]:
    ended = {
        "exitCode": 1,
        "reason": "Error",
        "message": LAST_WORDS,
        "startedAt": _now(),
        "finishedAt": _now(),
    }
    return {"state": {"terminated": ended}, "started": False}


@asynccontextmanager
async def nodes(api: Api) -> AsyncIterator[Nodes]:
    """Run the nodes for as long as the block lasts."""
    made = Nodes(api)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        ended = await asyncio.gather(task, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error
