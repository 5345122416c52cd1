"""The rule that fields with one name in the answer can be merged, with an end to its comparisons.

It is the one rule of graphql-core whose work grows with the square of a document: every two fields with the same name
are compared, and every two fragments spread side by side. The library stops at half a million units, which takes
seconds; here it stops at ours. All other rules grow with the document (`tests/limits/test_growth.py` counts).
"""

from __future__ import annotations

from typing import Any

from graphql import OverlappingFieldsCanBeMergedRule, SelectionSetNode, ValidationContext
from graphql.validation.validate import ValidationAbortedError


class TooManyComparisons(ValidationAbortedError):
    """The comparisons that are allowed did not suffice."""


def bounded(comparisons: int) -> type[OverlappingFieldsCanBeMergedRule]:
    """The rule with so many units of comparison: a pair of fields takes two, an argument of it one more."""

    class Bounded(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = comparisons

        def enter_selection_set(
            self, selection_set: SelectionSetNode, key: Any, parent: Any, *others: Any
        ) -> None:
            try:
                super().enter_selection_set(selection_set, key, parent, *others)
            except ValidationAbortedError as error:
                if self.rule_context.remaining_complexity_budget < 0:
                    raise TooManyComparisons("too many comparisons", [selection_set]) from error
                raise

    return Bounded
