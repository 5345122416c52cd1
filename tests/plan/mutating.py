"""Changes `graph/plan` in one place at a time and shows which changes its tests notice: `python -m tests.plan.mutating`.

In a copy of the project, so that nothing here is changed. `--part 3/10` takes each tenth mutant, from the third on.
"""

from __future__ import annotations

import argparse
import ast
import copy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = ("binding", "compiling", "executor", "leaves", "paths", "plans")
TESTS = ("tests/plan/test_leaves.py", "tests/plan/test_compiling.py", "tests/plan/test_plans.py")
SECONDS = 120.0

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Gt: ast.LtE,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.LtE: ast.Gt,
}


def mutants(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """Each change with its place and words. What stands in decorators (frozen, with slots) changes no answer, and is left."""
    nodes = list(ast.walk(tree))
    left = {
        id(inner) for node in nodes for one in getattr(node, "decorator_list", ()) for inner in ast.walk(one)
    }
    for number, node in enumerate(nodes):
        if id(node) in left:
            continue
        for words, change in _changes(node):
            changed = copy.deepcopy(tree)
            change(list(ast.walk(changed))[number])
            yield f"{getattr(node, 'lineno', 0)}: {words}", ast.fix_missing_locations(changed)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    match node:
        case ast.Compare(ops=[one]) if type(one) in _COMPARED:
            other = _COMPARED[type(one)]
            yield f"{ast.unparse(node)} the other way", lambda found: setattr(found, "ops", [other()])
        case ast.BoolOp(op=ast.And()):
            yield f"{ast.unparse(node)} with or", lambda found: setattr(found, "op", ast.Or())
        case ast.BoolOp(op=ast.Or()):
            yield f"{ast.unparse(node)} with and", lambda found: setattr(found, "op", ast.And())
        case ast.Constant(value=bool() as value):
            yield f"{value} turned", lambda found: setattr(found, "value", not value)
        case ast.Constant(value=int() as value):
            yield f"{value} and one", lambda found: setattr(found, "value", value + 1)
        case ast.AugAssign(op=ast.Add()):
            yield f"{ast.unparse(node)} taken away", lambda found: setattr(found, "op", ast.Sub())
        case ast.If() | ast.IfExp():
            yield (
                f"if {ast.unparse(node.test)}: always",
                lambda found: setattr(found, "test", ast.Constant(True)),
            )
            yield (
                f"if {ast.unparse(node.test)}: never",
                lambda found: setattr(found, "test", ast.Constant(False)),
            )
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield f"without {ast.unparse(node)}", lambda found: setattr(found, "value", ast.Constant(None))


def notices(folder: Path) -> bool:
    """Whether the tests are red in a copy of the project, or do not end."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-n",
        "0",
        "--noconftest",
        *TESTS,
    ]
    try:
        return (
            subprocess.run(command, cwd=folder, capture_output=True, timeout=SECONDS, check=False).returncode
            != 0
        )
    except subprocess.TimeoutExpired:
        return True


def main() -> int:
    """Show the changes that nobody noticed; answers how many."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", default="1/1")
    first, step = map(int, parser.parse_args().part.split("/"))
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "project"
        ignored = shutil.ignore_patterns("__pycache__", ".git", "node_modules", ".venv", ".mypy_cache")
        shutil.copytree(ROOT, folder, ignore=ignored)
        everything = [
            (path, words, ast.unparse(changed))
            for path in (folder / "graph" / "plan" / f"{name}.py" for name in MODULES)
            for words, changed in mutants(ast.parse(path.read_text()))
        ]
        wanted = everything[first - 1 :: step]
        unnoticed = 0
        for path, words, text in wanted:
            before = path.read_text()
            path.write_text(text)
            if not notices(folder):
                unnoticed += 1
                sys.stdout.write(f"{path.name}:{words}\n")
                sys.stdout.flush()
            path.write_text(before)
    sys.stdout.write(f"{len(wanted)} of {len(everything)} mutants, {unnoticed} unnoticed\n")
    return unnoticed


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
