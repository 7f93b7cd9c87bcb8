"""The binding Secret: the address in the form that servicebinding.io 1.1 defines."""

import base64
from collections.abc import Sequence

from tcpaddon.api.v1alpha1 import TcpAddon
from tcpaddon.core.address import Address
from tcpaddon.core.children.child import Parts, Wanted, wanted
from tcpaddon.core.refs import expected_refs
from tcpaddon.names import BINDING_SECRET_TYPE, MANAGED_BY

URI_KEY = "uri"


def binding_secret(addon: TcpAddon, addresses: Sequence[Address]) -> Wanted:
    """Return the binding Secret for these addresses, the main port's first; at least one."""
    main, *others = addresses
    values = {
        "type": "tcp",
        "provider": MANAGED_BY,
        "host": main.host,
        "port": str(main.port),
        URI_KEY: main.url,
        **{f"{other.name}-{URI_KEY}": other.url for other in others},
    }
    data = {key: encoded(value) for key, value in values.items()}
    parts = Parts(api_version="v1", content={"type": BINDING_SECRET_TYPE, "data": data})
    return wanted(addon, expected_refs(addon).binding, parts)


def encoded(text: str) -> str:
    """Encode a value as a Secret's `data` holds it."""
    return base64.b64encode(text.encode()).decode()
