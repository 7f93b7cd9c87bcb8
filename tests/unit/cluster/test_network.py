"""The clusters' addresses do not overlap, whatever network Docker has given them."""

from ipaddress import ip_address, ip_network

import pytest

from cluster import network
from cluster.errors import ClusterError


@pytest.mark.parametrize(
    ("subnet", "name", "want"),
    [
        ("198.18.8.0/24", "tcpaddon", "198.18.8.200-198.18.8.219"),
        ("198.18.8.0/24", "tcpaddon-e2e", "198.18.8.220-198.18.8.239"),
        ("172.18.0.0/16", "tcpaddon", "172.18.255.200-172.18.255.219"),
    ],
)
def test_a_pool_is_a_clusters_part_of_the_last_256_addresses(
    subnet: str, name: str, want: str
) -> None:
    assert str(network.pool(subnet, name)) == want


def test_the_pools_of_two_clusters_do_not_overlap() -> None:
    pools = [network.pool(network.NODES, name) for name in network.CLUSTERS]
    taken = [int(p.first) + i for p in pools for i in range(int(p.last) - int(p.first) + 1)]
    assert len(taken) == len(set(taken))


def test_a_cluster_without_a_pool_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ClusterError, match="choose one of tcpaddon, tcpaddon-e2e"):
        network.pool(network.NODES, "mine")


def test_a_network_too_small_for_pools_is_refused() -> None:
    with pytest.raises(ClusterError, match="too small"):
        network.pool("10.0.0.0/25", "tcpaddon")


def test_every_address_is_in_the_benchmark_range() -> None:
    whole = ip_network(network.RANGE)
    for subnet in (network.NODES, network.PODS, network.SERVICES):
        assert ip_network(subnet).subnet_of(whole)  # type: ignore[arg-type]
    assert ip_address(network.DOCKER0.partition("/")[0]) in whole
