"""Short, stable digests of plain data, so that "is it the same?" is one comparison of strings."""

import hashlib
import json
from typing import Any, Final

# 64 bits: a chance of 1 in 2^64 that a change of one object goes unseen, and it fits a label.
_HEX_DIGITS: Final = 16


def canonical(data: Any) -> str:
    """Write plain data (JSON values only) in the one form that equal data share."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def digest(data: Any) -> str:
    """Return 16 hexadecimal digits that stand for plain data."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()[:_HEX_DIGITS]
