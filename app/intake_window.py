"""A window that moves over bytes and finds where a JSON value ends, without reading what it says.

Holds no more than the limit and a few chunks, whatever the size of the input. Knows strings, brackets and
lines; leaves all else of JSON's grammar to the parser. Knows nothing of entities.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from app.intake_bytes import Broken

DEEPEST = 10_000
"""More open brackets than this are no JSON value; the parser's own limit is lower."""

_LONGEST_INDENT = 256

_OPEN, _CLOSE = b"{[", b"}]"
_QUOTE, _COLON, _BACKSLASH, _NEWLINE = b'":\\\n'
_PAIRS = {ord("}"): ord("{"), ord("]"): ord("[")}

_STRING = rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_NOISE = rb'[^"{}\[\]\n]*+'
# A line that begins with "{" is not passed over: it may be the next entity (see _refuse_own_line).
_NEW_LINE = rb"\n[ \t]*+(?=[^ \t{])"


def _nested(depth: int) -> bytes:
    """A pattern for what may be passed over in one go: objects and arrays of up to `depth` levels too."""
    parts = [_STRING + _NOISE, _NEW_LINE + _NOISE]
    if depth:
        inner = _nested(depth - 1)
        parts += [rb"\{" + inner + rb"\}" + _NOISE, rb"\[" + inner + rb"\]" + _NOISE]
    return _NOISE + b"(?:" + b"|".join(parts) + b")*+"


# Three levels are a snak; more make the pattern longer and, in entities, no faster.
_PASS = re.compile(_nested(3))
_INSIDE_STRING = re.compile(rb'(?:[^"\\\n]++|\\.)*+')
_SPACE = re.compile(rb"[ \t\r\n]*+")
_SCALAR = re.compile(rb'[^ \t\r\n,:"{}\[\]]*+')
_LINE_INDENT = re.compile(rb"\n([ \t]*+)")


class Fault(Exception):
    """The bytes `at` (relative to the window's start) make no JSON."""

    def __init__(self, at: int, reason: str, *, own_line: bool = False) -> None:
        self.at, self.reason, self.own_line = at, reason, own_line
        super().__init__(reason)


class CutOff(Exception):
    """The input ended inside a value."""


class Window:
    """`data[start:]` is what is held. Offsets called `at` count from `start` and stay good when more is read.

    `line` is the number of the line of `start`, from 1. `limit` is the length of the longest value worth
    holding: of one that is longer the beginning is dropped and `dropped` counts up, but its end is found.
    """

    def __init__(self, chunks: Iterator[bytes], limit: int, stands_alone: Callable[[bytes], bool]) -> None:
        self._chunks, self._stands_alone = chunks, stands_alone
        self.limit = limit
        self.data = b""
        self.start = 0
        self.line = 1
        self.dropped = 0
        self.ended = False
        self.broken: Broken | None = None
        self.indent: bytes | None = None
        self._indented: bool | None = None

    def begin(self, indent: bytes | None) -> None:
        """A value begins at `start`, after this white space on its line; None if it does not begin a line,
        or if another line's value could not be told from a part of it.
        """
        self.indent, self._indented = indent, None

    def fill(self) -> bool:
        """Read on; False when there is no more. A damaged input ends where its damage begins."""
        if self.ended:
            return False
        held = len(self.data) - self.start
        # As much again as there is, so that what is looked at anew each time adds up to a small multiple.
        wanted = max(1, min(held, self.limit - held))
        pieces = [self.data[self.start :]]
        while wanted > 0:
            try:
                piece = next(self._chunks, None)
            except Broken as broken:
                self.broken, piece = broken, None
            if piece is None:
                self.ended = True
                break
            pieces.append(piece)
            wanted -= len(piece)
        self.data = b"".join(pieces)
        self.start = 0
        return len(self.data) > held

    def take(self, count: int) -> bytes:
        """Move on by `count` bytes and return them."""
        taken = self.data[self.start : self.start + count]
        self.skip(count)
        return taken

    def skip(self, count: int) -> None:
        """Move on by `count` bytes."""
        end = self.start + count
        self.line += self.data.count(b"\n", self.start, end)
        self.start = end

    def byte(self, at: int) -> int:
        return self.data[self.start + at]

    def slice(self, at: int, end: int) -> bytes:
        return self.data[self.start + at : self.start + end]

    def more(self, at: int) -> int:
        """Read on in the middle of a value; returns `at` as it is then. CutOff if there is no more."""
        if at > self.limit:
            self._is_indented()
            self.skip(at)
            self.dropped += 1
            at = 0
        if not self.fill():
            raise CutOff
        return at

    def run(self, pattern: re.Pattern[bytes], at: int) -> int:
        """Past all that `pattern` matches, which must be a run that may be matched in parts."""
        while True:
            match = pattern.match(self.data, self.start + at)
            assert match is not None, "a run may be empty"
            at = match.end() - self.start
            if match.end() < len(self.data):
                return at
            at = self.more(at)

    def space(self, at: int) -> int:
        """Past white space."""
        return self.run(_SPACE, at)

    def scalar(self, at: int) -> int:
        """Past a number or a word. Fault if there is none."""
        before, dropped = at, self.dropped
        at = self.run(_SCALAR, at)
        if at == before and dropped == self.dropped:
            raise Fault(at, f"a value is missing before {self._shown(at)}")
        return at

    def string(self, at: int) -> int:
        """Past the string that begins here. Fault at a line break in it."""
        at += 1
        while True:
            at = self.run(_INSIDE_STRING, at)
            stop = self.byte(at)
            if stop == _QUOTE:
                return at + 1
            if stop == _BACKSLASH and self.start + at + 1 == len(self.data):
                at = self.more(at)
                continue
            raise Fault(at, "a line ends inside a string")

    def closed(self, at: int) -> int:
        """Past the object or array that begins here. Fault where brackets do not match."""
        opened = bytearray()
        if at:
            self._refuse_own_line(at)
        while True:
            match = _PASS.match(self.data, self.start + at) if opened else None
            at = match.end() - self.start if match else at
            if self.start + at == len(self.data):
                at = self.more(at)
                continue
            stop = self.byte(at)
            if stop == _QUOTE:
                at = self.string(at)
            elif stop in _OPEN:
                opened.append(stop)
                if len(opened) > DEEPEST:
                    raise Fault(at, "it is nested too deeply")
                at += 1
            elif stop in _CLOSE:
                if opened.pop() != _PAIRS[stop]:
                    raise Fault(at, f"{self._shown(at)} closes what it did not open")
                at += 1
                if not opened:
                    return at
            else:
                at = self._line_break(at)

    def _line_break(self, at: int) -> int:
        """Past a line break and the white space that follows. Fault if a value of its own follows."""
        match = _LINE_INDENT.match(self.data, self.start + at)
        assert match is not None, "_PASS stops at nothing else"
        end = match.end() - self.start
        if match.end() == len(self.data) and end - at <= _LONGEST_INDENT:
            return self.more(at)
        if match.end() < len(self.data) and self.byte(end) == ord("{"):
            self._refuse_own_line(end)
        return end

    def _refuse_own_line(self, at: int) -> None:
        """Fault if "{" begins a line, as the value at hand did, and no part of that value can begin so.

        For then the value at hand was cut off before. Either the line is an entity by itself, which no part
        of an entity is; or the value is of the indented kind, where parts have more white space before them.
        Without this, one damaged value would swallow those after it.
        """
        if self.indent is None:
            return
        begin = max(self.start, self.start + at - _LONGEST_INDENT - 1)
        newline = self.data.rfind(b"\n", begin, self.start + at)
        if newline < 0 or self.data[newline + 1 : self.start + at] != self.indent:
            return
        alone = self._is_indented()
        if not alone:
            end = self.line_end(at)
            alone = end is not None and self._stands_alone(self.slice(at, end))
        if alone:
            raise Fault(at, "it has no end before the next value", own_line=True)

    def _is_indented(self) -> bool:
        """Whether the value at hand has a line for its bracket, and more white space before its members."""
        if self._indented is None:
            pattern = rb"\{[ \t\r]*+\n" + re.escape(self.indent or b"") + rb"[ \t]"
            self._indented = re.compile(pattern).match(self.data, self.start) is not None
        return self._indented

    def line_end(self, at: int, longest: int = 1 << 22) -> int | None:
        """Where the line of `at` ends (its line break, or the end of input), or None if that is too far."""
        longest = min(longest, self.limit + 16)  # a comma, a carriage return and some spaces
        searched = at
        while True:
            found = self.data.find(b"\n", self.start + searched, self.start + at + longest)
            if found >= 0:
                return found - self.start
            searched = len(self.data) - self.start
            if searched - at >= longest:
                return None
            if not self.fill():
                return searched

    def _shown(self, at: int) -> str:
        return repr(self.slice(at, at + 1).decode("latin-1"))
