"""A wire to the API server that can be cut, frozen and mended: real sockets, so real failures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Wire:
    """A TCP proxy on 127.0.0.1. `port`: where to connect."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.tried = 0  # connections that were asked for
        self.accepted = 0  # those that reached the target
        self._target = target
        self._passes = asyncio.Event()
        self._passes.set()
        self._open = True
        self._pairs: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Break every connection, and every new one at once."""
        self._open = False
        for writer in self._pairs:
            writer.transport.abort()

    def freeze(self) -> None:
        """Let nothing through any more, without a word to either side."""
        self._passes.clear()

    def mend(self) -> None:
        """Let everything through again."""
        self._open = True
        self._passes.set()

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        self.tried += 1
        task = asyncio.ensure_future(self._carry_both(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def end(self) -> None:
        """Break everything, and wait until it is."""
        self.mend()
        self.cut()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _carry_both(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.transport.abort()
            return
        self._pairs.add(writer)
        try:
            await self._passes.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            self._pairs.discard(writer)
            return
        self._pairs.add(far_writer)
        if not self._open:  # cut while it was being connected
            self.cut()
        self.accepted += 1
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry(reader, far_writer))
            group.create_task(self._carry(far_reader, writer))
        for end in (writer, far_writer):
            self._pairs.discard(end)
            end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._passes.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def wire_to(port: int) -> AsyncIterator[Wire]:
    """Open a wire to a port of this machine."""
    wire = Wire(port)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.end()
