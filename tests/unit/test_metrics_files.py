"""The numbers of several processes lie in files, of which one may just begin or end (O2)."""

from __future__ import annotations

import struct
import threading
import time
from pathlib import Path

import pytest

from app.metrics import LOOK_SECONDS, text_of


def test_a_file_that_somebody_begins_is_waited_for(tmp_path: Path) -> None:
    begun = tmp_path / "counter_99.db"
    begun.touch()

    def goes_on() -> None:
        time.sleep(2 * LOOK_SECONDS)
        begun.unlink()

    other = threading.Thread(target=goes_on)
    other.start()
    assert text_of(tmp_path) == b""
    other.join()


def test_a_file_that_stays_broken_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "counter_99.db").touch()
    with pytest.raises(struct.error):
        text_of(tmp_path)
