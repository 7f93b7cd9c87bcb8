"""Stands in for what a cluster without nodes lacks: a load balancer, ready Deployments.

They work on the real API server, as the real controllers do: watch, and write status.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

JSON = Mapping[str, Any]


@dataclass(slots=True)
class Api:
    """The API server as an administrator sees it: raw requests, answers as they are."""

    session: aiohttp.ClientSession
    url: str

    async def call(
        self, method: str, path: str, body: JSON | None = None, *, patch: str = "merge-patch+json"
    ) -> tuple[int, Any]:
        """Send one request; returns status code and parsed answer."""
        headers = {
            "Content-Type": f"application/{patch}" if method == "PATCH" else "application/json"
        }
        data = None if body is None else json.dumps(body)
        async with self.session.request(
            method, self.url + path, data=data, headers=headers
        ) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str) -> Any:
        """Read an object; None where it is not there."""
        code, body = await self.call("GET", path)
        if code == 404:
            return None
        assert code == 200, body
        return body

    async def create(self, path: str, body: JSON) -> Any:
        """Create an object."""
        code, answer = await self.call("POST", path, body)
        assert code in (200, 201), answer
        return answer

    async def patch(self, path: str, body: JSON) -> Any:
        """Merge-patch an object; None where it is not there (any more)."""
        code, answer = await self.call("PATCH", path, body)
        if code == 404:
            return None
        assert code == 200, answer
        return answer

    async def delete(self, path: str) -> None:
        """Delete an object; that it is gone already is fine."""
        code, answer = await self.call("DELETE", path)
        assert code in (200, 202, 404), answer

    async def watch(self, path: str) -> AsyncIterator[tuple[str, Any]]:
        """List, then follow: every object of a path, as ADDED first."""
        listed = await self.get(path)
        for item in listed["items"]:
            yield "ADDED", item
        url = f"{self.url}{path}?watch=1&resourceVersion={listed['metadata']['resourceVersion']}"
        async with self.session.get(url, timeout=aiohttp.ClientTimeout(total=None)) as stream:
            while line := await stream.content.readline():
                event = json.loads(line)
                yield event["type"], event["object"]


@asynccontextmanager
async def api(url: str, token: str, ca: str | None = None) -> AsyncIterator[Api]:
    """Open a connection as an administrator."""
    context = ssl.create_default_context(cafile=ca)
    if ca is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    connector = aiohttp.TCPConnector(ssl=context, limit=32)
    async with aiohttp.ClientSession(
        connector=connector, headers={"Authorization": f"Bearer {token}"}, read_bufsize=2**21
    ) as session:
        yield Api(session, url)


async def load_balancer(api: Api) -> None:
    """Give every Service of type LoadBalancer an address of the benchmark range, for ever.

    Those that name a class have a controller of their own.
    """
    given = 0
    async for kind, service in api.watch("/api/v1/services"):
        pending = not service.get("status", {}).get("loadBalancer", {}).get("ingress")
        spec = service["spec"]
        ours = spec.get("type") == "LoadBalancer" and "loadBalancerClass" not in spec
        if kind == "DELETED" or not ours or not pending:
            continue
        given += 1
        address = f"198.18.{128 + given // 250 % 128}.{1 + given % 250}"
        meta = service["metadata"]
        await api.patch(
            f"/api/v1/namespaces/{meta['namespace']}/services/{meta['name']}/status",
            {"status": {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}},
        )


async def deployment_controller(api: Api) -> None:
    """Report every Deployment rolled out as its spec says, as if its pods were ready at once."""
    async for kind, deployment in api.watch("/apis/apps/v1/deployments"):
        meta, status = deployment["metadata"], deployment.get("status", {})
        wanted = deployment["spec"].get("replicas", 1)
        seen = status.get("observedGeneration") == meta["generation"]
        if kind == "DELETED" or (seen and status.get("readyReplicas", 0) == wanted):
            continue
        await api.patch(
            f"/apis/apps/v1/namespaces/{meta['namespace']}/deployments/{meta['name']}/status",
            {
                "status": {
                    "observedGeneration": meta["generation"],
                    **dict.fromkeys(
                        ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"),
                        wanted,
                    ),
                    "conditions": [
                        {
                            "type": "Available",
                            "status": "True",
                            "reason": "MinimumReplicasAvailable",
                        },
                        {
                            "type": "Progressing",
                            "status": "True",
                            "reason": "NewReplicaSetAvailable",
                        },
                    ],
                }
            },
        )


@asynccontextmanager
async def at_work(*controllers: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run what works for ever as long as the block lasts; raise what it failed with."""
    tasks = [asyncio.create_task(controller) for controller in controllers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


@asynccontextmanager
async def controllers(api: Api, *, deployments: bool = True) -> AsyncIterator[None]:
    """Run both for as long as the block lasts; `deployments`: else a real one runs already."""
    of_deployments = [deployment_controller(api)] if deployments else []
    async with at_work(load_balancer(api), *of_deployments):
        yield
