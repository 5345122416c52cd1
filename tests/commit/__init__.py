import pytest

# No test module by name: say that its assertions are to be explained as well.
pytest.register_assert_rewrite("tests.commit.laws")
