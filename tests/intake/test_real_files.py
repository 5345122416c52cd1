"""Every file of the collected data is read, or refused with a reason (M1)."""

from __future__ import annotations

import bz2
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.intake import Document, Intake, Refused, read
from tests.intake.writing import entities

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "wikidata"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the collected data is not here")

_REFUSED = {
    "not_json": [
        "MANIFEST.md",
        "dpriskorn--entitybase-backend/Q1.ttl.gz",
        "dpriskorn--entitybase-backend/Q120248304.ttl",
        "dpriskorn--entitybase-backend/Q17633526.ttl",
        "dpriskorn--entitybase-backend/Q17948861.ttl",
    ],
    "mediawiki_xml": [
        "Wikidata--Wikidata-Toolkit/sample-daily-dump-20140220.xml.gz",
        "dbpedia--extraction-framework/wiki.xml.bz2",
    ],
    "api_error": [
        "Wikidata--Wikidata-Toolkit/api/error-badtoken.json",
        "Wikidata--Wikidata-Toolkit/api/error-maxlag-full.json",
        "Wikidata--Wikidata-Toolkit/api/wbgetentities-bogus.json",
    ],
    "missing_entity": ["Wikidata--Wikidata-Toolkit/api/wbgetentities-1234567890-missing.json"],
    "no_entity_id": ["maxlath--wikibase-sdk/Q275937.json"],
    "no_entity": [
        "Wikidata--Wikidata-Toolkit/api/wbsearchentities-abc.json",
        "Wikidata--Wikidata-Toolkit/api/wbsetclaim.json",
        "Wikidata--Wikidata-Toolkit/api/wbsetlabel.json",
        "dpriskorn--entitybase-backend/redirects/Q1.json",
        "dpriskorn--entitybase-backend/redirects/Q120248304.json",
        "dpriskorn--entitybase-backend/redirects/Q17633526.json",
        "dpriskorn--entitybase-backend/redirects/Q17948861.json",
        "dpriskorn--entitybase-backend/redirects/Q4.json",
        "maxlath--wikibase-sdk/old_claim_format.json",
        "maxlath--wikibase-sdk/old_claim_format.json",
        "wetneb--openrefine-wikibase/search/Cluny_2_en.json",
        "wetneb--openrefine-wikibase/search/Cluny_6_en.json",
        "wetneb--openrefine-wikibase/search/Oxford_50_en.json",
        "wetneb--openrefine-wikibase/search/Recumbent_bicycle_50_en.json",
        "wetneb--openrefine-wikibase/search/United_States_50_en.json",
        "wetneb--openrefine-wikibase/search/Warsaw_50_en.json",
        "wetneb--openrefine-wikibase/search/oxford_50_en.json",
        "wikimedia--wikidata-query-rdf/page_change_events/wikibase_item-create.json",
        "wikimedia--wikidata-query-rdf/page_change_events/wikibase_item-delete.json",
        "wikimedia--wikidata-query-rdf/page_change_events/wikibase_item-edit.json",
        "wikimedia--wikidata-query-rdf/page_change_events/wikibase_item-page-suppress.json",
        "wikimedia--wikidata-query-rdf/page_change_events/wikibase_item-undelete-suppressed.json",
        "wikimedia--wikidata-query-rdf/page_change_events/wikibase_item-undelete.json",
        "wikimedia--wikidata-query-rdf/page_change_events/wikibase_item-visibility-change.json",
    ],
    "legacy_serialization": [
        "wikimedia--mediawiki-extensions-Wikibase/storage/legacy_old_P6-22681711.json",
        "wikimedia--mediawiki-extensions-Wikibase/storage/legacy_old_P6-51742868.json",
        "wikimedia--mediawiki-extensions-Wikibase/storage/legacy_old_P6-5788574.json",
        "wikimedia--mediawiki-extensions-Wikibase/storage/legacy_old_P6-5788751.json",
        "wikimedia--mediawiki-extensions-Wikibase/storage/legacy_old_Q1-103.json",
        "wikimedia--mediawiki-extensions-Wikibase/storage/legacy_old_Q1-10499806.json",
        "wikimedia--mediawiki-extensions-Wikibase/storage/legacy_old_Q1-1622.json",
        "wikimedia--mediawiki-extensions-Wikibase/storage/legacy_old_Q1-953112.json",
        "wikimedia--mediawiki-extensions-Wikibase/storage/legacy_recent_Q1.json",
    ],
}


@pytest.fixture(scope="module")
def intakes() -> list[Intake]:
    return list(read([str(DATA)]))


def test_all_files_are_documents_or_refused_by_name(intakes: list[Intake]) -> None:
    """M1: which files are refused, why, and how many documents the others hold."""
    refused = [
        (i.code, Path(i.place.source).relative_to(DATA).as_posix()) for i in intakes if isinstance(i, Refused)
    ]
    assert sorted(refused) == sorted((code, name) for code, names in _REFUSED.items() for name in names)
    assert Counter(type(intake).__name__ for intake in intakes) == {"Document": 1315, "Refused": 45}


def test_the_documents_are_what_a_plain_reading_of_each_file_gives(intakes: list[Intake]) -> None:
    """M1: the same entities in the same order as by reading each file whole."""
    found: dict[str, list[Any]] = {}
    for intake in intakes:
        if isinstance(intake, Document):
            found.setdefault(intake.place.source, []).append(intake)
    for name, documents in found.items():
        assert entities(documents) == list(_plainly(Path(name))), name


def _plainly(path: Path) -> Iterator[Any]:
    data = path.read_bytes()
    data = {b"\x1f\x8b": gzip.decompress, b"BZ": bz2.decompress}.get(data[:2], bytes)(data)
    if b"ndjson" in path.name.encode():
        yield from map(json.loads, data.splitlines())
        return
    text = data.decode()
    value = json.loads(text if not text.endswith(",\n]\n") else text[:-4] + "]")
    if isinstance(value, list):
        yield from value
    elif "entities" in value:
        yield from value["entities"].values()
    else:
        yield value
