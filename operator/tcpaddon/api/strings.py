"""The strings that Kubernetes knows by a form: names, labels, quantities, networks.

Forms have sentences of their own, since an API server's words for a broken pattern are the pattern.
"""

import ipaddress
import re
from typing import Annotated, Any, Final

from pydantic import Field, WithJsonSchema

from tcpaddon.api.marks import ATOMIC_MAP, Rule, form
from tcpaddon.names import GROUP, LABEL_MANAGED_BY

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
QUALIFIED_NAME = f"({_LABEL}([.]{_LABEL})*/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"

DnsLabel = Annotated[
    str,
    Field(max_length=63),
    form(
        _LABEL, "Use lower-case letters, digits and hyphens, with a letter or digit at both ends."
    ),
]
DnsSubdomain = Annotated[
    str,
    Field(max_length=253),
    form(
        f"{_LABEL}([.]{_LABEL})*",
        "Use lower-case letters, digits, hyphens and dots, with a letter or digit at both ends.",
    ),
]
# An object's own name, where a rule has more to say on its length and its dots.
ObjectName = Annotated[
    str,
    form(
        f"{_LABEL}([.]{_LABEL})*",
        "Use lower-case letters, digits and hyphens, with a letter or digit at both ends.",
    ),
]
EnvName = Annotated[
    str,
    Field(max_length=253),
    form("[!-<>-~][ -<>-~]*", "Use printable characters without '=', such as LOG_LEVEL."),
]
DataKey = Annotated[  # of a Secret or ConfigMap
    str,
    Field(max_length=253),
    form(
        "[-._a-zA-Z0-9]+", "Use letters, digits, '-', '_' and '.', as in the Secret or ConfigMap."
    ),
]
LabelValue = Annotated[
    str,
    Field(max_length=63),
    form(
        "([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?",
        "Use at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends.",
    ),
]
LabelKey = Annotated[
    str,
    Field(max_length=317),  # a prefix of 253, '/', a name of 63
    form(QUALIFIED_NAME, "Use a name such as tier, or one with a domain such as example.com/tier."),
]

_qualified = re.compile(QUALIFIED_NAME)
_KEYS = Rule(
    cel=f"self.all(key, key.matches(r'^({QUALIFIED_NAME})$'))",
    message="Use keys such as tier, or with a domain such as example.com/tier.",
    holds=lambda entries: all(_qualified.fullmatch(key) for key in entries),
)
NodeLabels = Annotated[dict[str, LabelValue], Field(max_length=32), ATOMIC_MAP, _KEYS]

# What the operator tells its own objects and pods by.
_RESERVED: Final = (LABEL_MANAGED_BY, "app.kubernetes.io/name", "app.kubernetes.io/component")
Labels = Annotated[
    dict[str, LabelValue],
    Field(max_length=32),
    _KEYS,
    Rule(
        cel=(f"self.all(key, !key.startsWith('{GROUP}/') && !(key in {list(_RESERVED)}))"),
        message=(
            f"Leave out {', '.join(_RESERVED)} and keys that begin with {GROUP}/: "
            "the operator sets them."
        ),
        holds=lambda entries: (
            not any(key in _RESERVED or key.startswith(f"{GROUP}/") for key in entries)
        ),
    ),
]
Annotations = Annotated[
    dict[str, Annotated[str, Field(max_length=16_384)]],
    Field(max_length=32),
    _KEYS,
    Rule(
        cel=f"self.all(key, !key.startsWith('{GROUP}/'))",
        message=f"Leave out keys that begin with {GROUP}/: the operator sets them.",
        holds=lambda entries: not any(key.startswith(f"{GROUP}/") for key in entries),
    ),
]


def is_network(text: str) -> bool:
    """Whether this is an IPv4 or IPv6 network in CIDR form, host bits allowed."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text and text.rpartition("/")[2].isdigit()


def _has_no_host_bits(text: str) -> bool:
    return not is_network(text) or ipaddress.ip_interface(text).network.network_address == (
        ipaddress.ip_interface(text).ip
    )


Network = Annotated[
    str,
    Field(max_length=49),  # the longest text of an IPv6 address, '/' and three digits
    Rule(
        cel="isCIDR(self)",
        message="Write a network in CIDR form, such as 203.0.113.0/24 or 2001:db8::/32.",
        holds=is_network,
    ),
    Rule(
        cel="!isCIDR(self) || cidr(self).masked() == cidr(self)",
        message=(
            "Write the network's first address, such as 10.0.0.0/8 for 10.0.0.1/8, "
            "or /32 (IPv6: /128) for a single address."
        ),
        holds=_has_no_host_bits,
    ),
]

_quantity = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")


def _is_quantity(value: Any) -> bool:
    if isinstance(value, int):
        return value >= 0
    return _quantity.fullmatch(value) is not None and not value.startswith("-")


Quantity = Annotated[
    int | str,
    WithJsonSchema({"x-kubernetes-int-or-string": True, "maxLength": 32}),
    Rule(
        cel="type(self) == string ? isQuantity(self) && !self.startsWith('-') : self >= 0",
        message="Write a number with an optional unit, such as 250m, 0.5, 128Mi or 2Gi.",
        holds=_is_quantity,
    ),
]
