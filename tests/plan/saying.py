"""What an execution says, to the byte, and what of it is not the same. Knows no schema."""

from __future__ import annotations

from graphql import ExecutionResult, GraphQLError

from app.answers import written


def differences(by_plan: ExecutionResult, standard: ExecutionResult) -> str:
    """What is not the same, in short."""
    lines = []
    one, other = (written({"data": result.data}).decode() for result in (by_plan, standard))
    if one != other:
        at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
        lines += [
            f"plan     ...{one[max(0, at - 200) : at + 200]}",
            f"standard ...{other[max(0, at - 200) : at + 200]}",
        ]
    told = [{repr(_error(one)) for one in result.errors or ()} for result in (by_plan, standard)]
    lines += [f"plan alone: {one}" for one in sorted(told[0] - told[1])[:5]]
    lines += [f"standard alone: {one}" for one in sorted(told[1] - told[0])[:5]]
    return "\n".join(lines) or "the order or number of errors"


def _error(error: GraphQLError) -> tuple[object, ...]:
    return (error.formatted, type(error.original_error).__name__, str(error.original_error))


def said(result: ExecutionResult) -> str:
    """All that a client is told of a result, in one text: with the order of keys, and what errors came of."""
    return repr((written({"data": result.data}), [_error(error) for error in result.errors or ()]))
