"""Greets each client with a line of JSON, echoes its lines, and says goodbye on SIGTERM.

The greeting tells what the process sees: its version, PORT, TCP_URL, pid, folder and client.
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
                writer.write(line)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def run(self) -> None:
        """Listen on PORT; on SIGTERM stop listening, say goodbye to each client and end."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stopping.set)
        port = int(os.environ.get("PORT", "5000"))
        listener = await asyncio.start_server(self.serve, "0.0.0.0", port, backlog=1024)
        print("listening on", port, flush=True)
        await self.stopping.wait()
        print("SIGTERM", flush=True)
        listener.close()
        for writer in list(self.writers):
            writer.write(b"goodbye\n")
            writer.close()
        await asyncio.sleep(float(os.environ.get("LINGER", "0.2")))


asyncio.run(Server().run())
