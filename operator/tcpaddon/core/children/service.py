"""The Service: the load balancer that clients connect to."""

from typing import Any

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.children.child import Parts, Wanted, selector, wanted
from tcpaddon.core.refs import expected_refs


def service(addon: TcpAddon) -> Wanted:
    """Return the addon's Service."""
    exposure = addon.spec.exposure
    spec: dict[str, Any] = {
        "type": "LoadBalancer",
        "selector": selector(addon),
        "externalTrafficPolicy": exposure.external_traffic_policy.value,
        "allocateLoadBalancerNodePorts": exposure.allocate_load_balancer_node_ports,
        "ports": [
            {
                "name": port.name,
                "protocol": "TCP",
                "port": port.public,
                # By name: each pod has its own number while a roll changes containerPort.
                "targetPort": port.name,
            }
            # The order of a list map is not stable under apply.
            for port in sorted(addon.spec.ports, key=lambda port: port.name)
        ],
    }
    if exposure.load_balancer_class:
        spec["loadBalancerClass"] = exposure.load_balancer_class
    if exposure.source_ranges:
        spec["loadBalancerSourceRanges"] = list(exposure.source_ranges)
    parts = Parts(
        api_version="v1",
        content={"spec": spec},
        labels=exposure.labels,
        annotations=exposure.annotations,
    )
    return wanted(addon, expected_refs(addon).service, parts)
