"""The Service: the load balancer that clients connect to."""

from collections.abc import Sequence
from typing import Any, Final

from tcpaddon.api.v1alpha1 import Port, TcpAddon
from tcpaddon.core.children.child import Parts, Wanted, selector, wanted
from tcpaddon.core.facts import PodFact
from tcpaddon.core.networks import let_in
from tcpaddon.core.refs import expected_refs
from tcpaddon.names import LABEL_REVISION

_EXTERNAL_DNS_HOSTNAME: Final = "external-dns.alpha.kubernetes.io/hostname"


def service(
    addon: TcpAddon,
    pods: Sequence[PodFact] = (),
    selects: str = "",
    cluster_networks: Sequence[str] = (),
) -> Wanted:
    """Return the addon's Service.

    pods: those that are there, of whichever version. selects: the one version that it leads to,
    "" for all. cluster_networks: where the cluster's own pods connect from.
    """
    exposure = addon.spec.exposure
    spec: dict[str, Any] = {
        "type": "LoadBalancer",
        "ipFamilyPolicy": exposure.ip_family_policy.value,
        "selector": selector(addon) | ({LABEL_REVISION: selects} if selects else {}),
        "externalTrafficPolicy": exposure.external_traffic_policy.value,
        "allocateLoadBalancerNodePorts": exposure.allocate_load_balancer_node_ports,
        "ports": [
            {
                "name": port.name,
                "protocol": "TCP",
                "port": port.public,
                "targetPort": _target(port, pods),
            }
            # The order of a list map is not stable under apply.
            for port in sorted(addon.spec.ports, key=lambda port: port.name)
        ],
    }
    if exposure.load_balancer_class:
        spec["loadBalancerClass"] = exposure.load_balancer_class
    if exposure.source_ranges:
        spec["loadBalancerSourceRanges"] = list(let_in(exposure, cluster_networks))
    of_dns = {_EXTERNAL_DNS_HOSTNAME: exposure.hostname} if exposure.hostname else {}
    parts = Parts(
        api_version="v1",
        content={"spec": spec},
        labels=exposure.labels,
        annotations={**of_dns, **exposure.annotations},
    )
    return wanted(addon, expected_refs(addon).service, parts)


def _target(port: Port, pods: Sequence[PodFact]) -> str | int:
    """Return by what all pods can be reached while one version replaces another.

    By name, each pod has its own number while containerPort changes; by number while the name
    changes. Where both change it is another port, which the old version does not have.
    """
    renamed = any(port.name not in dict(pod.ports) for pod in pods)
    same_number = all(port.container_port in dict(pod.ports).values() for pod in pods)
    return port.container_port if renamed and same_number else port.name
