"""`wikibase-graph serve`: the server in one process."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import replace

import click
import uvicorn

from app.commands.options import data_option, run, settings_with
from app.compose import open_stores
from app.importing import import_samples
from app.main import application
from app.settings import Settings


@click.command()
@click.option("--host", help="Address to listen on. Default: the setting HOST, else 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one. Default: PORT, else 8000."
)
@data_option
@click.option("--samples", is_flag=True, help="Fill a store that is empty with the sample entities.")
def serve(host: str | None, port: int | None, data: object, samples: bool) -> None:
    """Serve GraphQL at /graphql, on the embedded stores in the data folder."""
    settings = settings_with(host=host, port=port, data=data)
    if not _is_loopback(settings.host):
        raise click.ClickException(
            f"{settings.host} is not a loopback address: without credentials anybody who reaches the server may edit, "
            "so it listens on loopback only"
        )
    run(settings, _serve(settings, samples))


async def _serve(settings: Settings, samples: bool) -> None:
    # Opened here first: what can't be opened is told in a line, before anything listens.
    async with open_stores(settings) as stores:
        count = await import_samples(stores) if samples else 0
    if count:
        click.echo(f"imported {count} sample entities into {settings.data}")
    with _listen(settings) as listener:
        settings = replace(settings, port=listener.getsockname()[1])
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        click.echo(
            f"wikibase-graph is at http://{host}:{settings.port}/graphql (data in {settings.data}, Ctrl+C stops)"
        )
        config = uvicorn.Config(
            application(settings),
            log_level=settings.log_level,
            access_log=False,
            ws="websockets-sansio",
            ws_max_size=settings.max_body_bytes,
            lifespan="on",
        )
        await uvicorn.Server(config).serve(sockets=[listener])


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(2048)  # who connects once the address is printed waits, and is not refused
    except OSError as error:
        listener.close()
        raise click.ClickException(
            f"can't listen on {settings.host}:{settings.port}: {error.strerror}"
        ) from error
    return listener


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
