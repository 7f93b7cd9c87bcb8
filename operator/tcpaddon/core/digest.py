"""Short, stable digests of plain data, so that "is it the same?" is one comparison of strings."""

import hashlib
import json
from typing import Any, Final

# 32 bits, so that secret data itself cannot be told from them.
_FAINT_HEX_DIGITS: Final = 8
# 64 bits: a chance of 1 in 2^64 that a change of one object goes unseen, and it fits a label.
_HEX_DIGITS: Final = 16


def canonical(data: Any) -> str:
    """Write plain data (JSON values only) in the one form that equal data share."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def digest(data: Any) -> str:
    """Return 16 hexadecimal digits that stand for plain data."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()[:_HEX_DIGITS]


def faint_digest(secret: Any) -> str:
    """Return 8 hexadecimal digits that change with secret data and reveal little of it.

    Whoever reads them and not the data learns when it changes, and can rule out a guess of all of
    it at once (of 2^32 wrong ones, one is not ruled out); of several values that are not known,
    none can be told. Salt the data with the name of its object, so that equal data of two objects
    differs.
    """
    return hashlib.sha256(canonical(secret).encode()).hexdigest()[:_FAINT_HEX_DIGITS]
