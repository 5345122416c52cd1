"""`wikibase-graph serve`: the server, in one process or several."""

from __future__ import annotations

import socket
from dataclasses import replace

import click

from app.commands.options import data_option, run, settings_with
from app.compose import open_stores
from app.importing import import_samples
from app.loopback import is_loopback
from app.main import application
from app.serving import serve_on
from app.settings import Settings
from app.tokens import Rules, rules_of, tokens_of
from app.workers import WorkersFailed, supervise


@click.command()
@click.option("--host", help="Address to listen on. Default: the setting HOST, else 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one. Default: PORT, else 8000."
)
@data_option
@click.option("--samples", is_flag=True, help="Fill a store that is empty with the sample entities.")
@click.option("--workers", type=click.IntRange(1), help="Processes. Default: the setting WORKERS, else 1.")
@click.option("--listener", type=int, hidden=True, help="Of a worker: the socket to serve.")
@click.option(
    "--guard", type=int, hidden=True, help="Of a worker: a pipe that closes when its supervisor is gone."
)
def serve(
    host: str | None,
    port: int | None,
    data: object,
    samples: bool,
    workers: int | None,
    listener: int | None,
    guard: int | None,
) -> None:
    """Serve GraphQL at /graphql, on the embedded stores in the data folder."""
    settings = settings_with(host=host, port=port, data=data, workers=workers)
    if listener is not None:
        run(
            settings,
            serve_on(socket.socket(fileno=listener), settings, guard=guard, made=application),
            fast=True,
        )
        return
    if tokens_of(settings) is None and not is_loopback(settings.host):
        raise click.ClickException(
            f"{settings.host} is not a loopback address: without credentials (AUTH_KEYS) anybody who reaches the "
            "server may edit, so it listens on loopback only"
        )
    run(settings, _serve(settings, samples), fast=settings.workers == 1)


async def _serve(settings: Settings, samples: bool) -> None:
    # Opened here first: what can't be opened is told in a line, before anything listens.
    async with open_stores(settings) as stores:
        count = await import_samples(stores, maintained_by=settings.maintained_by) if samples else 0
    if count:
        click.echo(f"imported {count} sample entities into {settings.data}")
    with _listen(settings) as listener:
        settings = replace(settings, port=listener.getsockname()[1])
        app = application(settings)  # first, so that what it can't use is all that is told
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        click.echo(
            f"wikibase-graph is at http://{host}:{settings.port}/graphql (data in {settings.data}, Ctrl+C stops)"
        )
        click.echo(_who_may(rules_of(settings)))
        if settings.workers == 1:
            await serve_on(listener, settings, made=lambda _: app)
            return
        try:
            await supervise(listener, settings)
        except WorkersFailed as error:
            raise click.ClickException(str(error)) from error


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Who takes nothing holds a connection that can't even be closed, but by the operating system.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(settings.stall_seconds * 1000))
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(2048)  # who connects once the address is printed waits, and is not refused
    except OSError as error:
        listener.close()
        raise click.ClickException(
            f"can't listen on {settings.host}:{settings.port}: {error.strerror}"
        ) from error
    return listener


def _who_may(rules: Rules | None) -> str:
    if rules is None:
        return "without credentials: for this machine only, whose users may all edit, as entity-api"
    without = "everybody may read" if rules.anonymous else "nothing is answered"
    return f"with credentials: a token of {rules.issuer} for {rules.audience} gives its roles, without one {without}"
