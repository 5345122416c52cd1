"""MySQL over TLS: whose certificate is believed, and that nothing is said to a server without (O1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection

from storage.errors import Unavailable
from storage.sql.mysql import MysqlDatabase, MysqlPlace, on_tables, open_mysql
from tests.services import speech
from tests.services.line import Line, line_to
from tests.services.mariadb import a_database, mysql_server, new_data, running
from tests.services.secrets import for_a_server, made_secrets, other_secrets

__all__ = ["made_secrets", "mysql_server", "new_data", "other_secrets"]


@pytest.fixture(scope="module")
def place(new_data: Path, made_secrets: Path) -> Iterator[MysqlPlace]:
    """A database of a server with a certificate for this machine's names, and how to reach it."""
    with for_a_server(made_secrets) as folder:
        options = (f"--ssl-cert={folder}/stores.pem", f"--ssl-key={folder}/stores.key")
        with (
            running(new_data, *options, "--bind-address=127.0.0.1,127.0.0.2") as server,
            a_database(server.place) as without_tls,
        ):
            yield replace(without_tls, tls=True, tls_ca=str(made_secrets / "ca.pem"))


@pytest.fixture
async def line(mysql_server: MysqlPlace) -> AsyncIterator[Line]:
    """A line to a server that has no TLS."""
    async with line_to(speech.mysql, mysql_server.port) as one:
        yield one


def cipher(connection: Connection) -> str:
    """What the connection is encrypted by; empty if it is not."""
    found: str = connection.exec_driver_sql("SHOW STATUS LIKE 'Ssl_cipher'").one()[1]
    return found


async def test_reads_writes_and_migrations_are_encrypted(place: MysqlPlace) -> None:
    async with open_mysql(place) as database:
        assert await database.read(cipher)
        assert await database.write(cipher)
    assert await asyncio.to_thread(on_tables, place, cipher)


async def test_without_the_setting_they_are_not(place: MysqlPlace) -> None:
    """Else the test above would say nothing."""
    async with open_mysql(replace(place, tls=False)) as database:
        assert await database.read(cipher) == ""


async def ways(place: MysqlPlace) -> list[str]:
    """What is said on both ways to connect, that of units and that of migrations; each must be refused."""
    database = MysqlDatabase(place)
    with pytest.raises(Unavailable) as units:
        await database.read(cipher)
    await database.close()
    with pytest.raises(Unavailable) as migrations:
        await asyncio.to_thread(on_tables, place, cipher)
    return [str(refused.value) for refused in (units, migrations)]


async def test_another_authority_is_refused_in_a_line(place: MysqlPlace, other_secrets: Path) -> None:
    for said in await ways(replace(place, tls_ca=str(other_secrets / "ca.pem"))):
        assert "certificate verify failed" in said
        assert "\n" not in said


async def test_another_name_is_refused_in_a_line(place: MysqlPlace) -> None:
    """Who has a certificate of this authority's is not yet the server."""
    for said in await ways(replace(place, host="127.0.0.2")):
        assert "127.0.0.2" in said
        assert "certificate verify failed" in said
        assert "\n" not in said


async def test_a_server_without_tls_is_refused_before_the_login(
    mysql_server: MysqlPlace, line: Line, made_secrets: Path
) -> None:
    """The drivers would go on in the clear."""
    secured = replace(mysql_server, port=line.port, tls=True, tls_ca=str(made_secrets / "ca.pem"))

    for said in await ways(secured):
        assert "TLS is required, and the server offers none" in said

    assert line.calls == []


@pytest.mark.parametrize(("name", "why"), [("missing.pem", "No such file"), ("empty.pem", "no certificate")])
async def test_certificates_that_can_not_be_read_are_named(
    place: MysqlPlace, tmp_path: Path, name: str, why: str
) -> None:
    (tmp_path / "empty.pem").touch()

    with pytest.raises(Unavailable, match=f"{name}.*{why}"):
        async with open_mysql(replace(place, tls_ca=str(tmp_path / name))):
            pass
