"""Changes `graph/plan` in one place at a time and shows which changes its tests notice: `python -m tests.plan.mutating`.

Each change is made in memory, in a process forked for it, so that no file is changed and all else is imported once.
`--part 3/10` takes each tenth mutant of a module, from the third on; `--module parts` those of one module.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

PLAN = Path(__file__).parents[2] / "graph" / "plan"
MODULES = ("binding", "bodies", "compiling", "executor", "lean", "leaves", "parts", "paths", "plans")
TESTS = ("leaves", "spared", "parts", "compiling", "plans")
OPTIONS = ("-x", "--noconftest", "-pno:cacheprovider", "-ppytest_asyncio.plugin", "-ppytest_timeout")
"""Without what else is installed for pytest, which takes longer to begin than the tests take."""
SECONDS = 60

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


def mutants(tree: ast.Module) -> Iterator[tuple[str, Callable[[], None]]]:
    """Each change with its place and words; it changes the tree itself.

    What stands in decorators (frozen, with slots) and what is there for a checker of types alone changes no answer: both
    are left.
    """
    nodes = list(ast.walk(tree))
    apart = [one for node in nodes for one in getattr(node, "decorator_list", ())]
    apart += [
        node for node in nodes if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    left = {id(inner) for one in apart for inner in ast.walk(one)}
    for node in nodes:
        if id(node) not in left:
            for words, change in _changes(node):
                yield f"{getattr(node, 'lineno', 0)}: {words}", change


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[], None]]]:
    match node:
        case ast.Compare(ops=[one]) if type(one) in _COMPARED:
            yield f"{ast.unparse(node)} the other way", _set(node, "ops", [_COMPARED[type(one)]()])
        case ast.BoolOp(op=ast.And()):
            yield f"{ast.unparse(node)} with or", _set(node, "op", ast.Or())
        case ast.BoolOp(op=ast.Or()):
            yield f"{ast.unparse(node)} with and", _set(node, "op", ast.And())
        case ast.Constant(value=bool() as value):
            yield f"{value} turned", _set(node, "value", not value)
        case ast.Constant(value=int() as value):
            yield f"{value} and one", _set(node, "value", value + 1)
        case ast.AugAssign(op=ast.Add()):
            yield f"{ast.unparse(node)} taken away", _set(node, "op", ast.Sub())
        case ast.If() | ast.IfExp():
            yield f"if {ast.unparse(node.test)}: always", _set(node, "test", ast.Constant(True))
            yield f"if {ast.unparse(node.test)}: never", _set(node, "test", ast.Constant(False))
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield f"without {ast.unparse(node)}", _set(node, "value", ast.Constant(None))


def _set(node: ast.AST, name: str, value: object) -> Callable[[], None]:
    return lambda: setattr(node, name, value)


class _Changed(MetaPathFinder, Loader):
    """Where one module is found instead of in its file."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self._name, self._tree = name, tree

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(ast.fix_missing_locations(self._tree), self._name, "exec"), module.__dict__)


def warm() -> None:
    """Import what the tests do, but for themselves and what is changed: those are imported anew in each process."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in TESTS:
        importlib.import_module(f"tests.plan.test_{name}")
    for name in list(sys.modules):
        if name.startswith(("graph.plan", "tests.")) and name != "graph.planned":
            del sys.modules[name]


def notices(name: str, tree: ast.Module, change: Callable[[], None]) -> bool:
    """Whether the tests are red with a change of the tree of a module, or do not end. Nothing is changed here."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    code = 1
    try:
        signal.alarm(SECONDS)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nowhere, number)
        change()
        sys.meta_path.insert(0, _Changed(f"graph.plan.{name}", tree))
        code = pytest.main([*OPTIONS, *(str(Path(__file__).with_name(f"test_{one}.py")) for one in TESTS)])
    finally:
        os._exit(code)


def main() -> int:
    """Show the changes that nobody noticed; answers how many."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--module", choices=MODULES)
    options = parser.parse_args()
    first, step = map(int, options.part.split("/"))
    warm()
    wanted, unnoticed = 0, 0
    for name in MODULES if options.module is None else (options.module,):
        tree = ast.parse((PLAN / f"{name}.py").read_text())
        if notices(name, tree, lambda: None):
            raise SystemExit("The tests are red without any change.")
        found = list(mutants(tree))[first - 1 :: step]
        missed = [words for words, change in found if not notices(name, tree, change)]
        sys.stdout.writelines(f"{name}.py:{words}\n" for words in missed)
        sys.stdout.write(f"{name}: {len(found)} mutants, {len(missed)} unnoticed\n")
        sys.stdout.flush()
        wanted, unnoticed = wanted + len(found), unnoticed + len(missed)
    sys.stdout.write(f"{wanted} mutants, {unnoticed} unnoticed\n")
    return unnoticed


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
