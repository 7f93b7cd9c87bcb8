"""Fingerprints of the field set that an apply owns: as foreseen, and as the API server has it.

Drift of a child is a change of our own entry in its `managedFields`: whoever changes a value of
ours takes the field over, whoever removes it takes it out. Comparing values instead would apply
for ever, since the server normalises them (0.1 becomes 100m). Both functions reduce to the form
of `fieldsV1`, so equal field sets have equal fingerprints.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tcpaddon.core.digest import canonical, digest

# The three tables say where Service, Deployment and Secret deviate from "a list is atomic, a map
# is owned key by key" (x-kubernetes-list-type, -list-map-keys and -map-type in api/openapi-spec/
# swagger.json of Kubernetes 1.37.2). They go by field name: no name means two things in the kinds
# and fields that are applied here. A gap costs one apply more after a restart, and nothing else.
_LIST_MAP_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "claims": ("name",),
    "containers": ("name",),
    "env": ("name",),
    "ephemeralContainers": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "ownerReferences": ("uid",),
    "resourceClaims": ("name",),
    "schedulingGates": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}
_PORT_KEYS: Final = ("containerPort", "port")  # of a container, of a Service; each with protocol
_DEFAULT_PROTOCOL: Final = "TCP"
_SETS: Final = frozenset({"bindMountOptions", "finalizers"})
_ATOMIC_ITEMS: Final = frozenset({"imagePullSecrets", "ownerReferences"})
_ATOMIC_MAPS: Final = frozenset(
    {
        "configMapKeyRef",
        "dataSource",
        "fieldRef",
        "fileKeyRef",
        "labelSelector",
        "nodePublishSecretRef",
        "nodeSelector",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "resourceFieldRef",
        "secretKeyRef",
        "secretRef",
        "selector",
    }
)
# What the API server leaves out of every entry (structured-merge-diff's stripMeta).
_NOT_OWNED: Final = frozenset({"apiVersion", "kind"})
_NOT_OWNED_METADATA: Final = frozenset(
    {
        "clusterName",
        "creationTimestamp",
        "generation",
        "managedFields",
        "name",
        "namespace",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)

# encoding/json makes its output safe for HTML.
_ESCAPED_BY_GO: Final = {ord(c): f"\\u{ord(c):04x}" for c in "&<>\u2028\u2029"}

_Tree = dict[str, Any]


def fingerprint_of_object(obj: Mapping[str, Any]) -> str:
    """Foresee the fingerprint of the field set that applying this object will own."""
    return fingerprint_of_entry(fields_of_object(obj))


def fields_of_object(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Foresee the `fieldsV1` of an apply of this object."""
    tree: _Tree = {}
    for name, value in obj.items():
        if name not in _NOT_OWNED and name != "metadata":
            _add_field(tree, name, value)
    metadata = obj.get("metadata", {})
    owned = {name: metadata[name] for name in metadata if name not in _NOT_OWNED_METADATA}
    if owned:
        tree["f:metadata"] = _fields(owned)
    return tree


def fingerprint_of_entry(fields: Mapping[str, Any] | None) -> str:
    """Return the fingerprint of a `fieldsV1` of managedFields, "" where it owns nothing."""
    return digest(fields) if fields else ""


def _add_field(tree: _Tree, name: str, value: Any) -> None:
    """Add one field of a map or struct to its parent's tree."""
    if isinstance(value, Mapping) and value and name not in _ATOMIC_MAPS:
        tree[f"f:{name}"] = _fields(value)
    elif isinstance(value, list | tuple):
        items = _items(name, value)
        if items is None:
            tree[f"f:{name}"] = {}
        elif items:
            tree[f"f:{name}"] = items
    else:
        tree[f"f:{name}"] = {}


def _fields(value: Mapping[str, Any]) -> _Tree:
    tree: _Tree = {}
    for name, field in value.items():
        _add_field(tree, name, field)
    return tree


def _items(name: str, items: Sequence[Any]) -> _Tree | None:
    """Return the tree of a list, None for an atomic one."""
    if name in _SETS:
        return {f"v:{_json(item)}": {} for item in items}
    if name not in _LIST_MAP_KEYS and name != "ports":
        return None
    return {
        f"k:{_json(_keys(name, item))}": (
            {} if name in _ATOMIC_ITEMS else {".": {}, **_fields(item)}
        )
        for item in items
    }


def _json(element: Any) -> str:
    """Write a path element as Go's JSON encoder does."""
    return canonical(element).translate(_ESCAPED_BY_GO)


def _keys(name: str, item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what tells an item of a list map from the others."""
    if name == "ports":
        number = next(key for key in _PORT_KEYS if key in item)
        return {number: item[number], "protocol": item.get("protocol", _DEFAULT_PROTOCOL)}
    return {key: item.get(key) for key in _LIST_MAP_KEYS[name]}
