"""Keys from a URL: fetched when they are needed, kept, and no burden to whoever serves them."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from app import keys
from app.keys import FRESH_SECONDS, KEPT_SECONDS, PAUSE_SECONDS, FetchedKeys, KeysUnavailable
from app.tokens import tokens_of
from tests.access.issuing import edwards, jwks, settings_for, token

ONE, TWO = edwards("one"), edwards("two")


class Clock:
    """Stands still unless it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Answers each request by `reply`, bytes as they are; with None it never does."""

    def __init__(self) -> None:
        self.asked = 0
        self.reply: bytes | None = http(jwks(ONE))
        self.url = ""
        self.is_endless = False
        self.is_asked = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            self.is_asked.set()
            if self.reply is None:
                await reader.read()  # until the other side hangs up
                return
            writer.write(self.reply)
            await writer.drain()
            while self.is_endless:
                writer.write(b" " * 2**16)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/keys"
    async with listening:
        yield server


@contextmanager
def impatient(monkeypatch: pytest.MonkeyPatch, seconds: float = 0.2) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(keys, "FETCH_SECONDS", seconds)
        yield


async def test_a_token_is_proved_by_a_key_from_a_url(tmp_path: Path) -> None:
    async with serving() as server:
        taking = tokens_of(settings_for(tmp_path, TWO, auth_keys=server.url))
        assert taking is not None
        assert server.asked == 0, "not before it is needed: the server of the keys may start later"
        assert (await taking.actor(token(ONE))).name == "Alice"


async def test_those_who_ask_at_once_share_one_fetch() -> None:
    async with serving() as server:
        fetched = FetchedKeys(server.url, Clock())
        found = await asyncio.gather(*(fetched.find("one") for _ in range(50)))
        assert all(found)
        assert server.asked == 1


async def test_unknown_names_make_one_fetch_in_a_while() -> None:
    """Anybody can make names up."""
    async with serving() as server:
        clock = Clock()
        fetched = FetchedKeys(server.url, clock)
        await fetched.find("one")
        for round_ in range(3):
            clock.now += PAUSE_SECONDS
            found = await asyncio.gather(*(fetched.find(f"made up {n}") for n in range(50)))
            assert not any(found)
            assert server.asked == 2 + round_


async def test_a_new_key_is_found_and_one_taken_back_is_lost() -> None:
    async with serving() as server:
        clock = Clock()
        fetched = FetchedKeys(server.url, clock)
        assert await fetched.find("one")
        server.reply = http(jwks(TWO))
        clock.now += PAUSE_SECONDS
        assert await fetched.find("two")
        assert await fetched.find("one") is None


async def test_a_key_taken_back_is_lost_though_nobody_asks_for_another() -> None:
    async with serving() as server:
        clock = Clock()
        fetched = FetchedKeys(server.url, clock)
        assert await fetched.find("one")
        server.reply = http(jwks(TWO))
        clock.now += FRESH_SECONDS
        assert await fetched.find("one") is None


@pytest.mark.parametrize(
    "reply",
    [
        http(b"", "404 Not Found"),
        http(b"", "500 Internal Server Error"),
        http(b"<html>"),
        http(b'{"keys": []}'),
        http(b"[" * 100_000),
        http(b"\xff\xfe"),
        http(jwks(ONE) + b" " * 2**21),
        http(gzip.compress(jwks(ONE)), "200 OK", "Content-Encoding: gzip"),
        http(jwks(ONE))[:-20],
        b"",
        b"nonsense\r\n\r\n",
        None,
    ],
    ids=[
        "404",
        "500",
        "html",
        "none",
        "deep",
        "bytes",
        "huge",
        "packed",
        "cut",
        "closed",
        "nonsense",
        "slow",
    ],
)
async def test_an_answer_without_keys_is_told_and_may_pass(
    monkeypatch: pytest.MonkeyPatch, reply: bytes | None
) -> None:
    async with serving() as server:
        clock = Clock()
        fetched = FetchedKeys(server.url, clock)
        server.reply = reply
        asked = []
        with impatient(monkeypatch):
            for _ in range(3):
                with pytest.raises(KeysUnavailable):
                    await fetched.find("one")
                asked.append(server.asked)
        assert asked[0] == asked[-1], "who does not answer is not asked again and again"
        server.reply = http(jwks(ONE))
        clock.now += PAUSE_SECONDS
        assert await fetched.find("one")


async def test_an_endless_answer_is_left_in_the_middle() -> None:
    """It would be an error in the end as well, but not before it has filled the memory."""
    async with serving() as server:
        server.reply, server.is_endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", True
        with pytest.raises(KeysUnavailable, match="is larger than"):
            await FetchedKeys(server.url, Clock()).find("one")


async def test_nobody_there_is_told_as_well() -> None:
    async with serving() as server:
        url = server.url
    with pytest.raises(KeysUnavailable, match=url.removeprefix("http://")):
        await FetchedKeys(url, Clock()).find("one")


async def test_no_redirect_is_followed() -> None:
    async with serving() as server, serving() as other:
        server.reply = http(b"", "302 Found", f"Location: {other.url}")
        with pytest.raises(KeysUnavailable, match="302"):
            await FetchedKeys(server.url, Clock()).find("one")
        assert other.asked == 0


async def test_kept_keys_serve_for_a_while_when_their_server_is_away() -> None:
    async with serving() as server:
        clock = Clock()
        fetched = FetchedKeys(server.url, clock)
        await fetched.find("one")
        server.reply = http(b"", "503 Service Unavailable")
        clock.now += KEPT_SECONDS - 1
        assert await fetched.find("one")
        with pytest.raises(KeysUnavailable):  # made up, or new? nobody can say
            await fetched.find("two")
        clock.now += PAUSE_SECONDS
        with pytest.raises(KeysUnavailable):
            await fetched.find("one")


async def test_who_has_a_key_does_not_wait_for_a_fetch_under_way() -> None:
    async with serving() as server:
        clock = Clock()
        fetched = FetchedKeys(server.url, clock)
        await fetched.find("one")
        server.is_asked.clear()
        server.reply = None
        clock.now += FRESH_SECONDS
        waiting = asyncio.create_task(fetched.find("one"))
        await server.is_asked.wait()
        assert await fetched.find("one")
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_fetch_that_was_given_up_is_no_answer() -> None:
    """Who went away while keys were fetched leaves no false word on the tokens of others."""
    async with serving() as server:
        server.reply = None
        fetched = FetchedKeys(server.url, Clock())
        waiting = asyncio.create_task(fetched.find("one"))
        await server.is_asked.wait()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        with pytest.raises(KeysUnavailable):
            await fetched.find("one")
