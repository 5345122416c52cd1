"""What a client takes, by the headers that say it in lists with weights (RFC 9110, 12.4 and 12.5), and what it sends.

Knows media types and codings, and no GraphQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
HTML = "text/html"

_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


def answer_type(accepts: Sequence[str]) -> str | None:
    """The media type of an answer to these values of `Accept`; None if there is none that is taken.

    The newer type only where it is named: who takes anything may be older than it (the audits of graphql-http).
    """
    return _best(accepts, (GRAPHQL_JSON, JSON), JSON)


def wants_page(accepts: Sequence[str]) -> bool:
    """Whether who sends these values of `Accept`, and asks nothing, is to be shown the page."""
    return _best(accepts, (HTML, GRAPHQL_JSON, JSON), HTML) == HTML


def best_coding(accepts: Sequence[str], known: Sequence[str]) -> str | None:
    """The best of the known codings by these values of `Accept-Encoding`, of equal ones the first; None to send as is."""
    said = {name: weight for name, _, weight in _listed(accepts)}
    weights = [(said.get(coding, said.get("*", 0.0)), coding) for coding in known]
    weight, coding = max(weights, key=lambda one: one[0])
    return coding if weight > 0 and weight >= said.get("identity", 0.0) else None


def is_json_in_utf8(content_types: Sequence[str]) -> bool:
    """Whether these values of `Content-Type` say one thing: that a body is JSON, in UTF-8."""
    if len(content_types) != 1:
        return False
    name, parameters = _parted(content_types[0])
    return name == JSON and parameters.get("charset", "utf-8") in ("utf-8", "utf8")


def _best(accepts: Sequence[str], offers: Sequence[str], otherwise: str) -> str | None:
    """The offer of the greatest weight; of equal ones what is named by itself, then the first, then `otherwise`."""
    ranges = [one for one in _listed(accepts) if one[1].get("charset", "utf-8") in ("utf-8", "utf8")]
    if not ranges and not any(value.strip() for value in accepts):
        return otherwise
    found = []
    for place, offer in enumerate(offers):
        patterns = (offer, offer.split("/")[0] + "/*", "*/*")
        for precision, pattern in enumerate(patterns):
            weights = [weight for name, _, weight in ranges if name == pattern]
            if weights:
                named = precision == 0
                first = -place if named else offer == otherwise
                found.append((max(weights), named, first, offer))
                break
    weight, _, _, offer = max(found, default=(0.0, False, 0, ""))
    return offer if weight > 0 else None


def _listed(values: Sequence[str]) -> Iterator[tuple[str, dict[str, str], float]]:
    """Each entry: its name and parameters in lower case, and its weight. One that can't be read counts as 1."""
    for entry in ",".join(values).split(","):
        name, parameters = _parted(entry)
        if name:
            weight = parameters.pop("q", "1")
            yield name, parameters, float(weight) if _WEIGHT.fullmatch(weight) else 1.0


def _parted(value: str) -> tuple[str, dict[str, str]]:
    name, *parameters = (part.strip().lower() for part in value.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    return name, {key.strip(): told.strip().strip('"') for key, _, told in pairs}
