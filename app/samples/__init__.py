"""Some fifty small entities of every type, written by hand: what examples and tests run on without other data.

Items and properties bear Wikidata's ids and state well-known facts; every property that a statement uses is
here, with its datatype. The lexemes (from L5000000) and the redirect (Q300000001) have ids of the server's
own range: they exist nowhere else. Items that values name need not be here.
Knows where the files lie and in which order to import them; knows nothing of stores.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from storage.canonical import parse

_ORDER = "PQLE"
"""Properties first, since the datatype of a property decides which values its statements may have."""


def paths() -> list[Path]:
    """The files, `<ID>.json` each, by entity type (properties, items, lexemes, entity schemas) and number."""
    folder = Path(str(resources.files(__name__)))
    return sorted(folder.glob("*.json"), key=_place)


def entities() -> Iterator[dict[str, Any]]:
    """The entities as classic JSON, in the order of `paths`, but redirects come last: their targets must exist.

    A redirect is `{"entity": id, "redirect": id of the target}`. Values may name entities that come later.
    """
    redirects = []
    for path in paths():
        entity = parse(path.read_bytes())
        if "redirect" in entity:
            redirects.append(entity)
        else:
            yield entity
    yield from redirects


def _place(path: Path) -> tuple[int, int]:
    return _ORDER.index(path.stem[0]), int(path.stem[1:])
