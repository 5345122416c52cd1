"""TLS to MySQL that is demanded, not only wished for.

Both drivers go on in the clear when the server says that it has no TLS, or somebody between says so in its name; and
then may be asked for the password. Here that is looked at before a word of the login is sent.
"""

from __future__ import annotations

import ssl
from typing import Any

import pymysql  # type: ignore[import-untyped]  # it has no types at all
from pymysql.constants import CLIENT, CR  # type: ignore[import-untyped]  # no types either
from pymysql.err import OperationalError  # type: ignore[import-untyped]  # no types either

from storage.sql.mysql_driver import Connection


class _Secured(Connection):
    async def _request_authentication(self) -> None:
        _refuse_plain(self.server_capabilities)
        await super()._request_authentication()


class _SecuredAndWaiting(pymysql.Connection):  # type: ignore[misc]  # its base has no types
    def _request_authentication(self) -> None:
        _refuse_plain(self.server_capabilities)
        super()._request_authentication()


async def connect_secured(**arguments: Any) -> Connection:
    """As the driver of event loops connects, with its arguments, of which `ssl` is one; never without TLS."""
    connection = _Secured(**arguments)
    await connection._connect()
    return connection


def connect_waiting(**arguments: Any) -> pymysql.Connection:
    """The same by the driver of threads."""
    return _SecuredAndWaiting(**arguments)


def why(error: BaseException | None) -> str:
    """What a driver's error says, and what it hides behind "can't connect" if that was TLS."""
    cause = error.__cause__ if error is not None else None
    return f"{error}: {cause}" if isinstance(cause, ssl.SSLError) else str(error)


def _refuse_plain(capabilities: int) -> None:
    if not capabilities & CLIENT.SSL:
        raise OperationalError(CR.CR_SSL_CONNECTION_ERROR, "TLS is required, and the server offers none")
