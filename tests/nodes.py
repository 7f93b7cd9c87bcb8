"""Stands in for nodes: pods get one, start, answer or not as their image says, and drain.

On the real API server, under the real controllers of Deployments and ReplicaSets. What a pod does
is the tag of its image: `answers`, `hangs` (runs and never answers), `crashes` (ends with exit
code 1), `waits` (answers once `Nodes.open` is called), `stops` (answers until then), `pulls` (its
image comes never), `unpacks` (it comes still), `breaks` (its container cannot be made), `homeless`
(no node takes it), `idles` (the scheduler has not looked at it).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes import Api, at_work

LAST_WORDS = "Error: connect ECONNREFUSED 10.0.0.5:5432"

# What the kubelet says of containers that wait.
_NEVER_START = {
    "pulls": {"reason": "ImagePullBackOff", "message": "not found"},
    "unpacks": {"reason": "ContainerCreating"},
    "breaks": {"reason": "CreateContainerConfigError", "message": 'secret "missing" not found'},
}


@dataclass(slots=True)
class Nodes:
    """The kubelet of all nodes."""

    api: Api
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    _starting: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def open(self) -> None:
        """Let the pods that wait answer, and those that stop stop."""
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
        behaviour = pod["spec"]["containers"][0]["image"].rpartition(":")[2].partition("-")[0]
        if behaviour == "idles":
            return
        if behaviour == "homeless":
            await self._keep_out(f"{path}/{name}")
            return
        binding = {"metadata": {"name": name}, "target": {"kind": "Node", "name": "node"}}
        await self.api.call("POST", f"{path}/{name}/binding", binding)
        if behaviour in _NEVER_START:
            waiting = {"state": {"waiting": _NEVER_START[behaviour]}, "started": False}
            await self._tell(pod, path, waiting, ready=False)
        elif behaviour == "crashes":
            await self._tell(pod, path, _crashed(), ready=False)
        else:
            await self._run(pod, path, behaviour)

    async def _run(self, pod: Any, path: str, behaviour: str) -> None:
        if behaviour in ("hangs", "waits"):
            await self._tell(pod, path, _running(started=False), ready=False)
        if behaviour == "hangs":
            return
        if behaviour == "waits":
            await self.opened.wait()
        await self._tell(pod, path, _running(started=True), ready=True)
        if behaviour == "stops":
            await self.opened.wait()
            await self._tell(pod, path, _running(started=True), ready=False)

    async def _keep_out(self, pod: str) -> None:
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "0/1 nodes are available: 1 Insufficient memory.",
            "lastTransitionTime": _now(),
        }
        await self.api.patch(f"{pod}/status", {"status": {"conditions": [condition]}})

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
    async with at_work(made.run()):
        yield made
