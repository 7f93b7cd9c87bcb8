"""kube/connection.py: a stream of bytes becomes lines."""

import asyncio
from itertools import pairwise
from typing import cast

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpaddon.kube.connection import _lines


class Chunks:
    """A stream that arrives in the given pieces."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._left = list(chunks)

    async def readany(self) -> bytes:
        return self._left.pop(0) if self._left else b""


async def read(chunks: list[bytes]) -> list[bytes]:
    stream = cast("aiohttp.StreamReader", Chunks(chunks))
    async with asyncio.timeout(None) as timer:
        return [line async for line in _lines(stream, timer, 60.0)]


@settings(deadline=None)  # an event loop for each example
@given(
    lines=st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line)),
    cuts=st.lists(st.integers(0, 200)),
)
def test_lines_arrive_whole_however_the_network_cuts_them(
    lines: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(line + b"\n" for line in lines)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    chunks = [data[start:end] for start, end in pairwise(edges)]
    assert asyncio.run(read([chunk for chunk in chunks if chunk])) == lines


@pytest.mark.parametrize("chunks", [[b"half"], [b"one\n", b"ha", b"lf"]])
async def test_half_a_line_at_the_end_is_not_told(chunks: list[bytes]) -> None:
    assert b"half" not in await read(chunks)
