"""bench/servers/clients.py: what pgbench and redis-benchmark print, word for word from them."""

from pathlib import Path

import pytest

from bench.servers.clients import Address, Client, Pgbench, RedisBenchmark
from cluster.model import Cluster
from cluster.network import Pool, pool

PGBENCH = """\
pgbench (15.18 (Debian 15.18-0+deb12u1))
duration: 3 s
number of transactions actually processed: 356
number of failed transactions: 0 (0.000%)
tps = 118.214496 (including reconnection times)
"""
PGBENCH_ABORTED = """\
pgbench: error: connection to server at "198.18.8.7", port 5432 failed: Connection refused
	Is the server running on that host and accepting TCP/IP connections?
pgbench: error: client 0 aborted while establishing connection
pgbench: error: client 1 aborted while establishing connection
number of transactions actually processed: 116
number of failed transactions: 0 (0.000%)
tps = 68.648193 (including reconnection times)
pgbench: error: Run was aborted; the above results are incomplete.
"""
REDIS = """\
WARNING: Keepalive disabled. You probably need 'echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse'
"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms"
"GET","1351.35","0.600","0.312","0.535","1.135"
"""
REDIS_FAILED = "Could not connect to Redis at 198.18.8.6:6379: No route to host\n"


def client(kind: type[Client]) -> Client:
    found: Pool = pool("198.18.8.0/24", "tcpaddon")
    place = Path("/nowhere")
    cluster = Cluster("n", "c", place, "", "kind", found, True, place, place, "")  # noqa: FBT003
    return kind(cluster, "image", Address("198.18.8.6", 6379), seconds=10)


@pytest.mark.parametrize(
    ("kind", "said", "status", "done", "failed"),
    [
        (Pgbench, PGBENCH, 0, 356, 0),
        (Pgbench, PGBENCH_ABORTED, 2, 116, 2),
        (Pgbench, "pgbench: something new\n", 1, 0, 1),
        (RedisBenchmark, REDIS * 3, 0, 150, 0),
        (RedisBenchmark, REDIS + REDIS_FAILED, 1, 50, 1),
        (RedisBenchmark, REDIS + "Error: Server closed the connection\n", 1, 50, 1),
        (RedisBenchmark, REDIS + "All clients disconnected... aborting.\n", 1, 50, 1),
        (RedisBenchmark, REDIS, 137, 50, 1),
    ],
)
def test_a_transaction_that_failed_is_seen_in_what_the_client_prints(
    kind: type[Client], said: str, status: int, done: int, failed: int
) -> None:
    outcome = client(kind).read(said, status)
    assert (outcome.done, outcome.failed) == (done, failed)
