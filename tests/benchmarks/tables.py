"""Figures as tables for people, in Markdown, so that what is printed can stand in the docs as it is."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from tests.benchmarks.fleet import ALL, ARIADNE, BYTES, HAND, OURS, SCALAR, STANDARD
from tests.benchmarks.over_http import Figures
from tests.benchmarks.targets import Target

Spread = Mapping[str, float]


def show(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    sys.stdout.write("\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines))


def show_figures(found: Mapping[str, Spread]) -> None:
    """One figure a row."""
    show(
        ("", "median", "least to most"),
        [(name, _number(one["median"]), _range(one)) for name, one in found.items()],
    )


def show_served(engines: str, found: Mapping[str, Figures]) -> None:
    """Works over HTTP: ours, and the others against it."""
    header = (
        f"on {engines}",
        "a second",
        "processor ms",
        "p50 ms",
        "p99 ms",
        *(f"processor / {who}" for who in ALL if who != OURS),
        *(f"p50 / {who}" for who in (STANDARD, ARIADNE, HAND)),
    )
    rows = []
    for name, by in found.items():
        ours = by[OURS]
        rows.append(
            (
                name,
                _median(ours, "a second"),
                *(_median(ours, f"{what} milliseconds") for what in ("processor", "p50", "p99")),
                *(
                    _median(by.get(who), "processor, ours / this")
                    for who in (STANDARD, ARIADNE, HAND, SCALAR, BYTES)
                ),
                *(_median(by.get(who), "p50, ours / this") for who in (STANDARD, ARIADNE, HAND)),
            )
        )
    show(header, rows)
    last = next(iter(found.values()))
    memory = ", ".join(f"{who} {by['megabytes of memory']['median']:.0f}" for who, by in last.items())
    sys.stdout.write(f"\nMegabytes of memory after it: {memory}.\n")


def show_targets(engines: str, found: Sequence[Target]) -> None:
    """Each with its ratio and whether it is met."""
    rows = []
    for one in found:
        told = one.told()
        note = f" ({one.note})" if one.note else ""
        met = "yes" if told["met"] else "**no**"
        rows.append((one.name + note, told["target"], _number(told["median"]), _range(told), met))
    show((f"on {engines}", "to reach", "median", "least to most", "reached"), rows)


def show_shares(name: str, shares: Mapping[str, float]) -> None:
    """Shares of a whole."""
    show((name, "share"), [(f"`{part}`", f"{share:.0%}") for part, share in shares.items()])


def _median(of: Mapping[str, Spread] | None, name: str) -> str:
    return _number(of[name]["median"]) if of is not None and name in of else ""


def _range(one: Spread) -> str:
    return f"{_number(one['least'])} to {_number(one['most'])}"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"
