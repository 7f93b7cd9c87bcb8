"""bench/load: the clients tell what became of each connection, whatever became of it."""

import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bench.load.connections import Connection, LongLived, New
from bench.load.samples import Sample

ROOT = Path(__file__).parents[3]
GREETING = b'{"host": "pod-1", "version": "7"}\n'


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        yield found


def play(connection: Connection, listener: socket.socket, *parts: bytes) -> socket.socket:
    """Be the server: accept, read the first word, say some parts."""
    server, _ = listener.accept()
    connection.on_writable()
    server.recv(100)
    for part in parts:
        server.sendall(part)
        connection.socket.settimeout(5)
        connection.on_readable()
    return server


def test_a_round_trip_ends_well_however_its_bytes_arrive(listener: socket.socket) -> None:
    connection = New(listener.getsockname(), due=1.0, began=2.0)
    with closing(
        play(connection, listener, GREETING[:9], GREETING[9:] + b"hel", b"lo\n")
    ) as server:
        own, to = server.getpeername()[1], server.getsockname()[1]
        assert Sample(*connection.record(3.0)) == Sample(
            "new", 1.0, 2.0, 3.0, "ok", "pod-1", "7", 1, own, to
        )


def test_a_server_that_ends_before_it_answers_has_lost_the_connection(
    listener: socket.socket,
) -> None:
    connection = New(listener.getsockname(), due=1.0, began=1.0)
    play(connection, listener, GREETING).close()
    connection.on_readable()
    assert connection.outcome == "ended"


def test_a_goodbye_instead_of_an_answer_is_a_loss(listener: socket.socket) -> None:
    connection = New(listener.getsockname(), due=1.0, began=1.0)
    with closing(play(connection, listener, GREETING, b"goodbye\n")):
        assert connection.outcome == "ended"


def test_a_port_where_nobody_listens_refuses() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        address = gone.getsockname()
    connection = New(address, due=1.0, began=1.0)
    if not connection.outcome:
        connection.on_writable()
    assert connection.outcome == "refused"


def reset(server: socket.socket) -> None:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    server.close()


@pytest.mark.parametrize("end", [socket.socket.close, reset])
@pytest.mark.parametrize("said", [b"", b"goodbye\n"])
def test_a_long_lived_connection_tells_a_goodbye_from_an_end_without_a_word(
    listener: socket.socket, said: bytes, end: Callable[[socket.socket], None]
) -> None:
    connection = LongLived(listener.getsockname(), due=1.0, began=1.0, stays=False)
    server = play(connection, listener, GREETING + b"hello\n" + said)
    end(server)
    connection.on_readable()
    without_a_word = "ended" if end is socket.socket.close else "reset"
    assert connection.outcome == ("goodbye" if said else without_a_word)


def test_the_program_tells_of_every_connection_and_ends_with_its_input() -> None:
    with closing(socket.create_server(("127.0.0.1", 0), backlog=100)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        port = listener.getsockname()[1]
        program = subprocess.Popen(
            [
                *(sys.executable, "-m", "bench.load.generator"),
                *("--rate=200", "--long=3", "127.0.0.1", str(port), str(port)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert program.stdin
        assert program.stdout
        told = [Sample(*json.loads(program.stdout.readline())) for _ in range(250)]
        program.stdin.close()
        told += [Sample(*json.loads(line)) for line in program.stdout]
        assert program.wait() == 0
    kinds = Counter((sample.kind, sample.outcome) for sample in told)
    assert set(kinds) == {("new", "ok"), ("long", "ok")}
    assert kinds["long", "ok"] == 3
    dues = sorted(sample.due for sample in told if sample.kind == "new")
    assert dues[-1] - dues[0] == pytest.approx((len(dues) - 1) / 200)


def serve(listener: socket.socket) -> None:
    def answer(server: socket.socket) -> None:
        with server:
            server.sendall(GREETING)
            while line := server.recv(100):
                server.sendall(line)

    while True:
        try:
            server, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=answer, args=(server,), daemon=True).start()
