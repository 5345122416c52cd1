"""The command `wikibase-graph`: one module a subcommand, each thin."""

from __future__ import annotations

import sys

import click

from app.commands.collect import collect
from app.commands.fsck import fsck
from app.commands.import_ import import_
from app.commands.migrate import migrate_
from app.commands.redirects import redirects
from app.commands.relay import relay
from app.commands.replay import replay
from app.commands.retention import retention
from app.commands.serve import serve
from app.commands.token import token
from app.settings import WrongSetting
from storage.errors import StorageError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="wikibase-graph")
def cli() -> None:
    """A GraphQL API server for a Wikibase whose content lives in immutable revisions."""


cli.add_command(serve)
cli.add_command(import_)
cli.add_command(redirects)
cli.add_command(relay)
cli.add_command(replay)
cli.add_command(migrate_)
cli.add_command(collect)
cli.add_command(retention)
cli.add_command(fsck)
cli.add_command(token)


def main() -> None:
    """Run the command; a wrong setting or a store that can't be used is one line, not a traceback."""
    try:
        cli()
    except (WrongSetting, StorageError) as error:
        click.echo(f"wikibase-graph: {error}", err=True)
        sys.exit(2)
