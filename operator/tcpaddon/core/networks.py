"""Which networks may connect where exposure.sourceRanges shuts others out.

A pod that connects to the public address does so from its own, and a node that finds it outside of
the ranges drops it: TCP_URL would work for everybody but the app itself. So the cluster's pods are
let in with the ranges. Their networks are told to the operator, or read off the nodes.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from itertools import groupby
from typing import Final

from tcpaddon.api.v1alpha1 import Exposure, IpFamilyPolicy

Network = IPv4Network | IPv6Network

# Nodes are added and go; a network that covers them all changes seldom. But between two pod ranges
# far apart lie others' networks, so none is made wider than what clusters usually have as one:
# kubeadm's, k3s' and AKS' pod range is a /16; a /48 is the widest IPv6 range Kubernetes splits.
_WIDEST: Final = {4: 16, 6: 48}


def covering(pod_networks: Iterable[str]) -> tuple[str, ...]:
    """Return the smallest networks that cover those of the nodes' pods, by family and pod range.

    The family of the first one comes first: it is the cluster's main one.
    """
    networks = [ip_network(text) for text in pod_networks]
    families = list(dict.fromkeys(network.version for network in networks))
    return tuple(
        str(network)
        for family in families
        for network in _covering([n for n in networks if n.version == family])
    )


def let_in(exposure: Exposure, cluster: Sequence[str]) -> tuple[str, ...]:
    """Return the Service's source ranges: the user's own, and the cluster's that they lack.

    A Service of one family gets no network of the other: some clouds refuse it.
    """
    ranges = [ip_network(text) for text in exposure.source_ranges]
    if not ranges:
        return ()
    pods = [ip_network(text) for text in cluster]
    if exposure.ip_family_policy is IpFamilyPolicy.SINGLE_STACK:
        pods = [network for network in pods if network.version == pods[0].version]
    missing = [n for n in pods if not any(_holds(held, n) for held in ranges)]
    return (*exposure.source_ranges, *map(str, missing))


def shuts_cluster_out(exposure: Exposure, cluster: Sequence[str]) -> bool:
    """Whether the cluster's pods may be shut out, since nothing is known of their networks."""
    open_to_all = any(ip_network(text).prefixlen == 0 for text in exposure.source_ranges)
    return bool(exposure.source_ranges) and not cluster and not open_to_all


def _covering(networks: Sequence[Network]) -> list[Network]:
    ranges = sorted(networks, key=lambda n: (_pod_range(n), n.network_address, n.prefixlen))
    covers = (_cover(list(group)) for _, group in groupby(ranges, key=_pod_range))
    return list(collapse_addresses(covers))  # type: ignore[type-var]  # all are of one family


def _pod_range(network: Network) -> Network:
    widest = _WIDEST[network.version]
    return network if network.prefixlen <= widest else network.supernet(new_prefix=widest)


def _cover(networks: Sequence[Network]) -> Network:
    cover = networks[0]
    while not all(_holds(cover, network) for network in networks):
        cover = cover.supernet()
    return cover


def _holds(wide: Network, narrow: Network) -> bool:
    return wide.version == narrow.version and narrow.subnet_of(wide)  # type: ignore[arg-type]
