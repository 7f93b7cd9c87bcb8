"""A namespace of a real API server with what an app there looks like, and pictures of its state."""

import base64
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import fakes
from tests.apiserver import ADMIN, ApiServer

CRDS = Path(__file__).parents[1] / "manifests" / "crds"
CHILDREN = ("services", "deployments", "poddisruptionbudgets", "secrets")
_numbers = itertools.count(1)

# What differs from run to run and means nothing: times, identities, addresses out of a pool.
_VOLATILE = frozenset(
    {"uid", "resourceVersion", "creationTimestamp", "lastTransitionTime", "time", "generation"}
    | {"managedFields", "selfLink", "clusterIP", "clusterIPs", "nodePort", "observedGeneration"}
    | {"healthCheckNodePort", "writtenAt", "appRestartedAt", "kubectl.kubernetes.io/restartedAt"}
)


@dataclass(frozen=True, slots=True)
class World:
    """One namespace: the user's objects, and looks at what became of them."""

    api: fakes.Api
    namespace: str

    def path(self, kind: str, name: str = "") -> str:
        """Return the path of an object, or of all of a kind: `services`, `tcpaddons`, …"""
        group = {
            "tcpaddons": "apis/tcpaddon.io/v1alpha1",
            "deployments": "apis/apps/v1",
            "statefulsets": "apis/apps/v1",
            "replicasets": "apis/apps/v1",
            "poddisruptionbudgets": "apis/policy/v1",
            "events": "apis/events.k8s.io/v1",
        }.get(kind, "api/v1")
        return f"/{group}/namespaces/{self.namespace}/{kind}" + (f"/{name}" if name else "")

    async def get(self, kind: str, name: str) -> Any:
        """Read an object; None where it is not there."""
        return await self.api.get(self.path(kind, name))

    async def create(self, kind: str, body: Mapping[str, Any]) -> Any:
        """Create an object of the user's."""
        return await self.api.create(self.path(kind), body)

    async def patch(self, kind: str, name: str, body: Mapping[str, Any]) -> Any:
        """Merge-patch an object as the user would."""
        return await self.api.patch(self.path(kind, name), body)

    async def secret(self, name: str, values: Mapping[str, str]) -> Any:
        """Create a Secret of the user's."""
        return await self.create(
            "secrets",
            {"metadata": {"name": name}, "data": {k: encoded(v) for k, v in values.items()}},
        )

    async def app(self, name: str, image: str) -> Any:
        """Create a Deployment of the user's."""
        labels = {"app": name}
        return await self.create(
            "deployments",
            {
                "metadata": {"name": name},
                "spec": {
                    "selector": {"matchLabels": labels},
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {"containers": [{"name": "web", "image": image}]},
                    },
                },
            },
        )

    async def addon(self, name: str, spec: Mapping[str, Any]) -> Any:
        """Create a TcpAddon."""
        return await self.create(
            "tcpaddons",
            {
                "apiVersion": "tcpaddon.io/v1alpha1",
                "kind": "TcpAddon",
                "metadata": {"name": name},
                "spec": spec,
            },
        )

    async def condition(self, name: str, kind: str) -> dict[str, Any]:
        """Return a condition of an addon; empty where it is not told for this generation."""
        addon = await self.get("tcpaddons", name)
        for condition in addon.get("status", {}).get("conditions", []):
            current = condition.get("observedGeneration") == addon["metadata"]["generation"]
            if condition["type"] == kind and current:
                found: dict[str, Any] = condition
                return found
        return {}

    async def is_ready(self, name: str) -> bool:
        """Tell whether an addon is ready at its current generation."""
        return (await self.condition(name, "Ready")).get("status") == "True"

    async def picture(self) -> dict[str, Any]:
        """Return the whole namespace without what differs from run to run."""
        found = {}
        for kind in (*CHILDREN, "tcpaddons"):
            for item in (await self.api.get(self.path(kind)))["items"]:
                managers = {
                    entry["manager"].partition("/")[0]
                    for entry in item["metadata"].get("managedFields", [])
                    if entry["manager"].startswith("tcpaddon")
                }
                clean = steady(item, self.namespace)
                found[f"{kind}/{item['metadata']['name']}"] = {
                    "managers": sorted(managers),
                    "object": clean,
                }
        return found

    async def collect_garbage(self, uid: str) -> None:
        """Delete what a deleted owner leaves, as the garbage collector would."""
        for kind in CHILDREN:
            for item in (await self.api.get(self.path(kind)))["items"]:
                owners = item["metadata"].get("ownerReferences", [])
                if any(owner["uid"] == uid for owner in owners):
                    await self.api.delete(self.path(kind, item["metadata"]["name"]))


def steady(value: Any, namespace: str) -> Any:
    """Strip a JSON value of what differs from run to run."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in _VOLATILE}
        if "tcpaddon.io/applied" in kept:  # holds a hash of the owner's uid
            kept["tcpaddon.io/applied"] = "…"
        if "ingress" in kept:
            kept["ingress"] = "…"
        if kept.get("conditions"):
            kept["conditions"] = sorted(kept["conditions"], key=lambda c: str(c.get("type")))
        for address in ("host", "uri", "url", "TCP_URL"):
            if address in kept:
                kept[address] = "…"
        return {k: steady(v, namespace) for k, v in kept.items()}
    if isinstance(value, list):
        return [steady(v, namespace) for v in value]
    if isinstance(value, str):
        return "tcp://…" if value.startswith("tcp://") else value.replace(namespace, "NAMESPACE")
    return value


def encoded(text: str) -> str:
    """Encode a value as a Secret holds it."""
    return base64.b64encode(text.encode()).decode()


def decoded(value: str) -> str:
    """Decode a Secret's value."""
    return base64.b64decode(value).decode()


@asynccontextmanager
async def world(server: ApiServer, *, deployments: bool = True) -> AsyncIterator[World]:
    """Make a namespace of its own, with the fake controllers at work.

    deployments: whether the one of Deployments is faked too; else the server has a real one.
    """
    for crd in sorted(CRDS.glob("*.yaml")):
        server.install(crd)
    namespace = f"world-{next(_numbers)}"
    async with fakes.api(server.url, server.tokens[ADMIN], str(server.ca_file)) as api:
        await api.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
        async with fakes.controllers(api, deployments=deployments):
            made = World(api, namespace)
            yield made
            await api.delete(
                made.path("tcpaddons")
            )  # the next test's operator is not to serve them
