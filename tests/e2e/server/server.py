"""Greets each client with a line of JSON, echoes its lines, and says goodbye on SIGTERM.

The greeting tells what the process sees: its version, PORT, TCP_URL, pid, folder and client.
A client that sends the line `stay` is not said goodbye to: it is there until the drain limit.
ON_SIGTERM=exit makes the server one that ends at once and drops all of its clients.
"""

import asyncio
import json
import os
import signal
from pathlib import Path


class Server:
    """Open connections, and how they end."""

    def __init__(self) -> None:
        self.writers: set[asyncio.StreamWriter] = set()
        self.staying: set[asyncio.StreamWriter] = set()
        self.stopping = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        self.writers.add(writer)
        greeting = {
            "version": os.environ.get("VERSION", ""),
            "port": os.environ.get("PORT", ""),
            "url": os.environ.get("TCP_URL", ""),
            "pid": os.getpid(),
            "folder": str(Path.cwd()),
            "host": os.environ.get("HOSTNAME", ""),
            "client": writer.get_extra_info("peername")[0],
        }
        try:
            writer.write(json.dumps(greeting).encode() + b"\n")
            while line := await reader.readline():
                if line == b"stay\n":
                    self.staying.add(writer)
                if self.stopping.is_set() and writer not in self.staying:
                    continue  # it is said goodbye to
                writer.write(line)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self.writers.discard(writer)
            self.staying.discard(writer)
            writer.close()

    async def run(self) -> None:
        """Listen; on SIGTERM stop listening, say goodbye to each client and end."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stopping.set)
        if os.environ.get("ON_SIGTERM") == "exit":
            loop.add_signal_handler(signal.SIGTERM, os._exit, 0)
        listeners = [
            await asyncio.start_server(self.serve, "0.0.0.0", port, backlog=1024)
            for port in ports()
        ]
        print("listening on", *ports(), flush=True)
        await self.stopping.wait()
        print("SIGTERM", flush=True)
        for listener in listeners:
            listener.close()
        for writer in self.writers - self.staying:
            writer.write(b"goodbye\n")
            # Not close(): what the client has sent meanwhile would be answered by a reset, which
            # can overtake the goodbye. So our half ends, and the client's is read until it ends.
            writer.write_eof()
        await asyncio.sleep(float(os.environ.get("LINGER", "0.2")))
        staying = [writer.wait_closed() for writer in self.staying]
        await asyncio.gather(*staying, return_exceptions=True)


def ports() -> list[int]:
    """All ports; the main one comes last, because the handshakes ask for it alone."""
    main = int(os.environ.get("PORT", "5000"))
    named = {int(text) for name, text in os.environ.items() if name.startswith("PORT_")}
    return [*sorted(named - {main}), main]


asyncio.run(Server().run())
