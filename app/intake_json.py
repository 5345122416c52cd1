"""From bytes to the JSON values in them: one, or many on lines, in an array, in a wrapper, or end to end.

A line that is one whole value is parsed at once; for all else a window finds the ends of values. The
entities of a wrapper come one by one, so that no size of input needs more memory than its largest value.
Separators are taken as they come: a comma too many or too few loses nothing. What is faulty is told with
its place, and reading goes on at the next line where a value can begin. Knows nothing of what a value means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from app.intake_window import CutOff, Fault, Window
from storage.canonical import parse

_BOM = b"\xef\xbb\xbf"
_SEPARATORS = re.compile(rb"(?:[ \t\r\n,]++|\xef\xbb\xbf)*+")
_LONGEST_INDENT = 256
_SCALAR = re.compile(
    rb'(?:"(?:[^"\\\n]++|\\.)*+"|-?[0-9][0-9.eE+-]*+|true|false|null)(?=[ \t\r\n,\[\]{}]|\xef\xbb\xbf|\Z)'
)
_OBJECT, _ARRAY, _ARRAY_END, _QUOTE, _COLON, _COMMA, _OBJECT_END = b'{[]":,}'


@dataclass(frozen=True, slots=True)
class Value:
    """A JSON value and its position ("line 12", "entity 3", "entities/Q42")."""

    position: str
    value: Any


@dataclass(frozen=True, slots=True)
class NoValue:
    """A part of the input that gives no value: where, and why as a code and in words."""

    position: str
    code: str
    reason: str


class Splitter:
    """Reads one window to its end. `stands_alone` says of a line if it is an entity by itself."""

    def __init__(self, chunks: Iterator[bytes], limit: int, stands_alone: Callable[[bytes], bool]) -> None:
        self._window = Window(chunks, limit, stands_alone)
        self._limit = limit
        self._values = 0
        self._last_line = 0  # where the last value ended
        self._indent = b""  # of the last object that began its line
        self._array_line = 0  # where the array that is open began; 0 if none is
        self._place = ""  # of the value at hand
        self._scalars: tuple[str, str, int] | None = None  # a run of them: position, the first, how many

    def head(self, length: int) -> bytes:
        """The first `length` bytes after white space, or fewer if there are no more; none is used up."""
        window = self._window
        while True:
            window.skip(self._separators())
            if len(window.data) - window.start >= length or not window.fill():
                return window.slice(0, length)

    def events(self) -> Iterator[Value | NoValue]:
        """All values and faults, in order."""
        window = self._window
        while self._to_value():
            position = self._place = self._position()
            kind = window.byte(0)
            if kind in (_OBJECT, _ARRAY, _ARRAY_END):
                yield from self._scalars_told()
            if kind == _ARRAY and not self._array_line:
                self._array_line = window.line
                window.skip(1)
                continue
            if kind == _ARRAY_END and self._array_line:
                self._array_line = 0
                window.skip(1)
                continue
            self._values += 1
            if kind == _OBJECT and window.indent is not None:
                self._indent = window.indent
                value = self._line()
                if value is not None:
                    self._last_line = window.line
                    yield Value(position, value)
                    continue
            dropped = window.dropped
            try:
                if kind == _OBJECT:
                    yield from self._object(position)
                elif kind == _ARRAY:
                    yield self._value(position, window.closed(0), dropped)
                else:
                    self._scalar(position)
                self._last_line = window.line
            except Fault as fault:
                yield from self._scalars_told()
                yield self._recovered(fault)
            except CutOff:
                window.skip(len(window.data) - window.start)
                self._array_line = 0
                if window.broken is None:
                    yield NoValue(self._place, "cut_off", "the input ends inside this value")
        yield from self._scalars_told()
        if window.broken is not None:
            yield NoValue(f"line {window.line}", window.broken.code, window.broken.reason)
        elif self._array_line:
            reason = (
                f"the input ends before the array of line {self._array_line} does; what came before was read"
            )
            yield NoValue(f"line {window.line}", "cut_off", reason)

    def _separators(self) -> int:
        match = _SEPARATORS.match(self._window.data, self._window.start)
        assert match is not None, "may be empty"
        return match.end() - match.start()

    def _to_value(self) -> bool:
        """Move to where the next value begins; False at the end of input."""
        window = self._window
        passed = b""
        while True:
            passed = (passed + window.take(self._separators()))[-_LONGEST_INDENT - 1 :]
            rest = window.slice(0, len(_BOM))
            if rest and not _BOM.startswith(rest):
                break
            if not window.fill():  # of a mark of byte order there may be a part
                if not rest:
                    return False
                break
        begun = None
        if window.line != self._last_line:
            indent = passed[passed.rfind(b"\n") + 1 :]
            begun = indent if len(indent) <= _LONGEST_INDENT and not indent.strip(b" \t") else b""
        window.begin(begun)
        return True

    def _position(self) -> str:
        line = self._window.line
        return f"line {line}" if line != self._last_line else f"entity {self._values + 1}"

    def _line(self) -> Any:
        """The object that is the rest of this line, or None if it is not that simple."""
        window = self._window
        end = window.line_end(0)
        if end is None:
            return None
        text = window.slice(0, end).rstrip(b" \t\r,")
        if len(text) > self._limit or not text.endswith(b"}"):
            return None
        try:
            value = parse(text)
        except ValueError:
            return None  # more than one value, or a faulty one: the window will tell
        window.skip(end)
        return value

    def _object(self, position: str) -> Iterator[Value | NoValue]:
        """The object at the window's start; of one that has `entities`, those and nothing else of it."""
        window = self._window
        before = window.dropped
        wrapper = False
        at = 1
        while True:
            if wrapper or window.dropped > before:
                window.skip(at)
                at = 0
            at = window.space(at)
            stop = window.byte(at)
            if stop == _OBJECT_END:
                break
            if stop == _COMMA:
                at += 1
                continue
            key, at = self._key(at)
            at = window.space(at)
            stop = window.byte(at)
            if stop in (_OBJECT, _ARRAY) and key == b'"entities"':
                window.skip(at)
                wrapper = True
                window.begin(None)
                yield from self._entities("" if self._values == 1 else position + ", ")
                at = 0
            elif stop in (_OBJECT, _ARRAY):
                at = window.closed(at)
            else:
                at = window.string(at) if stop == _QUOTE else window.scalar(at)
        if wrapper:
            window.skip(at + 1)
        else:
            yield self._value(position, at + 1, before)

    def _key(self, at: int) -> tuple[bytes, int]:
        """The key and its colon; where they end."""
        window = self._window
        if window.byte(at) != _QUOTE:
            raise Fault(at, "a key is missing")
        begin, dropped = at, window.dropped
        at = window.string(at)
        key = window.slice(begin, at) if window.dropped == dropped else b'""'
        at = window.space(at)
        if window.byte(at) != _COLON:
            raise Fault(at, "a colon is missing")
        return key, at + 1

    def _entities(self, within: str) -> Iterator[Value | NoValue]:
        """The values in the object or array at the window's start, each as soon as it is whole."""
        window = self._window
        named = window.byte(0) == _OBJECT
        end = _OBJECT_END if named else _ARRAY_END
        window.skip(1)
        count = 0
        while True:
            window.skip(window.space(0))
            stop = window.byte(0)
            if stop == end:
                window.skip(1)
                return
            if stop == _COMMA:
                window.skip(1)
                continue
            name = str(count)
            if named:
                key, at = self._key(0)
                window.skip(at)
                window.skip(window.space(0))
                stop = window.byte(0)
                name = _shown(key)
            self._place = f"{within}entities/{name}"
            count += 1
            before = window.dropped
            if stop in (_OBJECT, _ARRAY):
                at = window.closed(0)
            else:
                at = window.string(0) if stop == _QUOTE else window.scalar(0)
            yield self._value(self._place, at, before)

    def _value(self, position: str, size: int, dropped: int) -> Value | NoValue:
        """The value in the next `size` bytes, unless its beginning was dropped since."""
        if self._window.dropped > dropped or size > self._limit:
            self._window.skip(size)
            return NoValue(position, "entity_too_large", f"it is larger than {self._limit} bytes")
        data = self._window.take(size)
        try:
            return Value(position, parse(data))
        except ValueError as error:
            return NoValue(position, "not_json", f"not JSON: {_told(error)}")

    def _scalar(self, position: str) -> None:
        """A value that is no object and no array joins the run of such values."""
        window = self._window
        while True:
            match = _SCALAR.match(window.data, window.start)
            if match is not None and (match.end() < len(window.data) or window.ended):
                break
            held = len(window.data) - window.start
            whole_line = match is None and b"\n" in window.slice(0, held)
            if whole_line or held > self._limit or not window.fill():
                break
        if match is None or match.end() - match.start() > self._limit:
            begin = window.slice(0, 40).partition(b"\n")[0].decode("utf-8", "replace")
            raise Fault(0, f"it begins with {begin!r}")
        text = window.take(match.end() - match.start())
        first = self._scalars or (position, text[:40].decode("utf-8", "replace"), 0)
        self._scalars = (first[0], first[1], first[2] + 1)

    def _scalars_told(self) -> Iterator[NoValue]:
        if self._scalars is not None:
            position, first, count = self._scalars
            self._scalars = None
            which = f"{first} is" if count == 1 else f"{count} values from {first} on are"
            yield NoValue(position, "no_entity", f"{which} JSON, but no entity; ids alone cannot be imported")

    def _recovered(self, fault: Fault) -> NoValue:
        """Move to the next line where a value can begin: one indented as the last before it was."""
        window = self._window
        first = window.line
        if fault.own_line:
            window.skip(fault.at - len(window.indent or b""))
            last = window.line - 1
        else:
            newline = window.data.rfind(b"\n", window.start, window.start + fault.at)
            window.skip(newline - window.start if newline >= 0 else fault.at)
            last = self._to_line(self._indent)
        left_out = f" (lines {first} to {last} are left out)" if last > first else ""
        self._last_line = 0
        return NoValue(self._place, "not_json", f"not JSON: {fault.reason}{left_out}")

    def _to_line(self, indent: bytes) -> int:
        """Move to the next such line, or one that ends the array, or the end; the last line passed over."""
        window = self._window
        value = re.escape(indent) + rb"(?=\{)"
        array_end = rb"[ \t]{0," + str(len(indent)).encode() + rb"}(?=\])"
        starts = re.compile(rb"\n(?:" + value + (b"|" + array_end if self._array_line else b"") + b")")
        overlap = len(indent) + 2
        while True:
            match = starts.search(window.data, window.start)
            if match is not None:
                window.skip(match.start() + 1 - window.start)
                return window.line - 1
            window.skip(max(0, len(window.data) - window.start - overlap))
            if not window.fill():
                rest = window.take(len(window.data) - window.start)
                self._array_line = 0
                return window.line - rest.endswith(b"\n")


def _shown(key: bytes) -> str:
    try:
        return str(parse(key))[:100]
    except ValueError:
        return key[:100].decode("utf-8", "replace")


def _told(error: ValueError) -> str:
    message = getattr(error, "msg", None)
    return (
        f"{message} at character {error.pos} of the value"
        if message and hasattr(error, "pos")
        else str(error)
    )
