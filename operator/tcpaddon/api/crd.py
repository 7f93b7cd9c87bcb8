"""The CustomResourceDefinition of TcpAddon: schema, columns, scale and status."""

from typing import Any, Final

from tcpaddon.api.marks import VALIDATIONS
from tcpaddon.api.structural import structural
from tcpaddon.api.v1alpha1.addon import TcpAddon
from tcpaddon.api.v1alpha1.rules import NAME_RULES, SPEC_RULES
from tcpaddon.api.v1alpha1.spec import TcpAddonSpec
from tcpaddon.api.v1alpha1.status import TcpAddonStatus
from tcpaddon.names import GROUP, KIND, PLURAL, VERSION

NAME: Final = f"{PLURAL}.{GROUP}"

_COLUMNS: Final = (
    ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', 0,
     "Whether the process serves at its public address."),
    ("URL", "string", ".status.url", 0, "Public address of the main port."),
    ("Replicas", "integer", ".status.readyReplicas", 0,
     "Number of processes that answer TCP handshakes."),
    ("Age", "date", ".metadata.creationTimestamp", 0, "Time since the addon was made."),
    ("Process", "string", ".spec.processType", 1, "Name of the process."),
    ("Image", "string", ".status.image", 1, "Image of the current version."),
    ("Address", "string", ".status.endpoints[0].host", 1, "Public host name or IP address."),
)  # fmt: skip


def crd() -> dict[str, Any]:
    """Return the CRD as plain data."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": NAME},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["tcp"],
                # `kubectl get all` shows the addon beside its Deployment, and `kubectl delete all`
                # deletes it too: else the operator would make the children again.
                "categories": ["all"],
            },
            "scope": "Namespaced",
            "versions": [_version()],
        },
    }


def _version() -> dict[str, Any]:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [
            {"name": name, "type": kind, "jsonPath": path, "priority": priority,
             "description": description}
            for name, kind, path, priority, description in _COLUMNS
        ],
        "subresources": {
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
            "status": {},
        },
        "schema": {"openAPIV3Schema": schema()},
    }  # fmt: skip


# Without it kstatus takes an addon for done that no operator has looked at: it has no conditions
# yet, and nothing that says that its generation is not observed. Flux marks its own kinds so.
_UNSEEN: Final = {"observedGeneration": -1}


def schema() -> dict[str, Any]:
    """Return the structural schema of a whole TcpAddon."""
    spec = structural(TcpAddonSpec)
    spec[VALIDATIONS] = [rule.as_schema() for rule in SPEC_RULES]
    return {
        "description": TcpAddon.__doc__,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {
                "description": f"Version of this schema: {GROUP}/{VERSION}.",
                "type": "string",
            },
            "kind": {"description": f"{KIND}.", "type": "string"},
            "metadata": {"type": "object"},  # the API server allows no word more
            "spec": spec,
            "status": {**structural(TcpAddonStatus, defaults=False), "default": _UNSEEN},
        },
        VALIDATIONS: [rule.as_schema() for rule in NAME_RULES],
    }
