"""Whom TLS to a store trusts: the certificates of a file, or the system's; and the store's name is compared.

Knows neither the stores nor their protocols.
"""

from __future__ import annotations

import ssl

from storage.errors import Unavailable


def trusting(certificates: str) -> ssl.SSLContext:
    """For a client: who is not signed by what is in this file is refused, and who has another name. Empty: the system's.

    Unavailable if the file can't be read, or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=certificates or None)
    except ssl.SSLError as error:
        raise Unavailable(f"{certificates} holds no certificate in PEM form") from error
    except OSError as error:
        raise Unavailable(f"{certificates}: {error.strerror}") from error
