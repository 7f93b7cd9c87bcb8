"""One API server for all of tests/api; each test has a namespace of its own."""

from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest

from tcpaddon.kube.client import Client, connect
from tests.apiserver import ApiServer, Settings, running
from tests.wire import Wire, wire_to

# These are read from etcd itself, so that a compaction makes their old versions unknown at once.
_UNCACHED = "--watch-cache-sizes=statefulsets.apps#0"
_DUAL_STACK = "--service-cluster-ip-range=198.19.0.0/16,fd00:19::/112"
_numbers = count(1)


@pytest.fixture(scope="session")
def apiserver() -> Iterator[ApiServer]:
    with running(Settings(users=["operator"], flags=[_UNCACHED, _DUAL_STACK])) as server:
        yield server


@pytest.fixture
async def client(apiserver: ApiServer) -> AsyncIterator[Client]:
    async with await connect(apiserver.kubeconfig()) as connected:
        yield connected


@pytest.fixture
async def wire(apiserver: ApiServer) -> AsyncIterator[Wire]:
    async with wire_to(apiserver.port) as opened:
        yield opened


@pytest.fixture
async def wired(apiserver: ApiServer, wire: Wire) -> AsyncIterator[Client]:
    """A client whose connection can be cut."""
    async with await connect(apiserver.kubeconfig(port=wire.port)) as connected:
        yield connected


@pytest.fixture
def namespace(apiserver: ApiServer) -> str:
    name = f"test-{next(_numbers)}"
    apiserver.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    return name
