"""Where each kind lives in the API, so that no request needs discovery."""

from dataclasses import dataclass
from typing import Final

from tcpaddon import names
from tcpaddon.core.facts import Kind


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the API: what a path and an object's head are made of."""

    api_version: str
    kind: str
    plural: str

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the URL path of one object, or of the collection where `name` is empty.

        An empty namespace means all namespaces.
        """
        root = "/apis" if "/" in self.api_version else "/api"
        parts = [root, self.api_version]
        if namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join(parts)


SERVICES: Final = Resource("v1", Kind.SERVICE, "services")
SECRETS: Final = Resource("v1", Kind.SECRET, "secrets")
CONFIG_MAPS: Final = Resource("v1", Kind.CONFIG_MAP, "configmaps")
PODS: Final = Resource("v1", Kind.POD, "pods")
DEPLOYMENTS: Final = Resource("apps/v1", Kind.DEPLOYMENT, "deployments")
STATEFUL_SETS: Final = Resource("apps/v1", Kind.STATEFUL_SET, "statefulsets")
REPLICA_SETS: Final = Resource("apps/v1", "ReplicaSet", "replicasets")
BUDGETS: Final = Resource("policy/v1", Kind.DISRUPTION_BUDGET, "poddisruptionbudgets")
CLAIMS: Final = Resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
NODES: Final = Resource("v1", "Node", "nodes")
ADDONS: Final = Resource(names.API_VERSION, names.KIND, names.PLURAL)
LEASES: Final = Resource("coordination.k8s.io/v1", "Lease", "leases")
EVENTS: Final = Resource("events.k8s.io/v1", "Event", "events")

WATCHED: Final = (SERVICES, DEPLOYMENTS, STATEFUL_SETS, SECRETS, CONFIG_MAPS, PODS, BUDGETS)
"""The kinds of children and of the user's marked objects: one reflector each."""

_BY_KIND: Final = {resource.kind: resource for resource in WATCHED}


def resource_of(kind: Kind) -> Resource:
    """Return the resource of a kind that `Ref` can name."""
    return _BY_KIND[kind]
