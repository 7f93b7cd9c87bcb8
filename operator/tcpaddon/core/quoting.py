"""Repeats somebody's words in a message."""

from typing import Final

_LAST_WORDS: Final = 300  # characters of them that a message repeats


def quoted(words: str) -> str:
    """Repeat somebody's words on one line; of long ones the end, where the cause stands."""
    line = " ".join(words.split())
    return f"«{line}»" if len(line) <= _LAST_WORDS else f"«…{line[-_LAST_WORDS:]}»"
