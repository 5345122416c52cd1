"""What became of many things that were taken in: counts, and what was refused, where and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.intake import Place
from storage.errors import Fault
from storage.model import JsonObject


@dataclass(slots=True, kw_only=True)
class Report:
    """The refusals. What there is to count is in the subclasses."""

    refused: list[dict[str, Any]] = field(default_factory=list)

    def counts(self) -> JsonObject:
        """What became of the others."""
        raise NotImplementedError

    def as_json(self) -> JsonObject:
        """Counts, and each refusal with place, code and reason."""
        return {**self.counts(), "refused": len(self.refused), "refusals": self.refused}

    def refuse(self, place: Place, code: str, reason: str, found: Sequence[Fault] = ()) -> None:
        """Note a refusal."""
        told = [{"pointer": one.pointer, "code": one.code, "message": one.message} for one in found]
        self.refused.append(
            {"place": str(place), "code": code, "reason": reason} | ({"faults": told} if told else {})
        )
