"""What the benchmarks measure with measures what it says: a wrong clock would be believed."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.benchmarks.client import connected, request, steadily
from tests.benchmarks.process import Process
from tests.benchmarks.targets import Target

ROOT = Path(__file__).parents[2]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"


@asynccontextmanager
async def server(*pieces: bytes, seconds: float = 0.0) -> AsyncIterator[int]:
    """Answers each request after some time, by these pieces; the port."""

    ends: list[asyncio.Future[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ends.append(end)
        while await reader.read(65536):
            await asyncio.sleep(seconds)
            for piece in pieces:
                await asyncio.sleep(0.002)
                writer.write(piece)
        writer.close()
        end.set_result(None)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
        await asyncio.gather(*ends)


@pytest.mark.parametrize("at", range(1, len(ANSWER)))
async def test_an_answer_in_pieces_is_taken_whole(at: int) -> None:
    async with server(ANSWER[:at], ANSWER[at:]) as port:
        with connected(port, 1) as (connection,):
            assert (await connection.ask(request("/", b"{}"))).body == b"0123456789"


async def test_an_answer_that_is_no_success_is_no_answer() -> None:
    refused = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
    async with server(refused) as port:
        with connected(port, 1) as (connection,), pytest.raises(AssertionError):
            await connection.ask(request("/", b"{}"))


async def test_who_waits_for_a_connection_has_waited() -> None:
    """Twice as many are due as one connection can carry: the later one is, the longer it has waited."""
    async with server(ANSWER, seconds=0.05) as port:
        with connected(port, 1) as connections:
            times = await steadily(connections, request("/", b"{}"), per_second=40, seconds=0.5)
    assert len(times) > 5
    assert times[-1] > times[0] + 0.1


def test_processor_time_of_another_process_is_that_of_all_its_threads() -> None:
    burn = (
        "import threading, time, hashlib\n"
        "def work():\n"
        "    while time.thread_time() < 0.1: hashlib.sha256(bytes(10_000)).digest()\n"
        "some = [threading.Thread(target=work) for _ in range(3)]\n"
        "[one.start() for one in some]; [one.join() for one in some]\n"
        "print(time.process_time(), flush=True); input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = float(process.stdout.readline())
        found = Process(process.pid, 0).processor()
        process.communicate("\n")
    assert told >= 0.3
    assert told <= found < told + 0.2


@pytest.mark.parametrize(
    ("ratio", "at_least", "met"),
    [(1.4, False, True), (1.6, False, False), (1.4, True, False), (1.6, True, True)],
)
def test_a_target_is_met_on_its_own_side(ratio: float, at_least: bool, met: bool) -> None:
    assert Target("a ratio", 1.5, [ratio, 0.0, 9.0], at_least=at_least).is_met is met


def test_the_peer_runs_on_the_library_that_we_run_on() -> None:
    """Else the two would differ by more than what is measured."""
    ours, peers = (_pins(name) for name in ("runtime", "bench"))
    assert "graphql-core" in peers
    assert {name: version for name, version in peers.items() if ours.get(name, version) != version} == {}


def _pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))
