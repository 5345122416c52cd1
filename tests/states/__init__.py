"""The life of an entity: every state and way between them, alone, in trouble and beside others."""

import pytest

# No test modules by name: say that their assertions are to be explained as well.
pytest.register_assert_rewrite(
    *(f"tests.states.{module}" for module in ("machine", "playing", "comparing", "pairs", "locks", "circles"))
)
