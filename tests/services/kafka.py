"""A real speaker of Kafka's protocol: the mock cluster of librdkafka, in a process of its own, nothing on disk.

`python -m tests.services.kafka` starts it, prints its port and takes the commands of `MockKafka`, a line each, until
its input ends. Topics come to be when they are asked for, with four partitions. It does not compare sequence numbers of
producers, has no size that it refuses, and knows no topic that can't be made.
"""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Container, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec

from tests.services import required, speech
from tests.services.line import Fault, Line

PRODUCE, FETCH, METADATA = 0, 1, 3
EVERYTHING = range(100)
"""Kinds of request, by their number in the protocol."""
TOO_LARGE = 10
NOT_ENOUGH_REPLICAS = 19


class MockKafka:
    """A running cluster of one broker."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())
        self.brokers = f"127.0.0.1:{self.port}"

    def topic(self) -> str:
        """The name of a topic that nobody has used."""
        return f"events-{os.urandom(6).hex()}"

    def refuse(self, error: int, times: int) -> None:
        """Answer the next requests to append with this error of the protocol, and append nothing."""
        self._do(f"refuse {error} {times}")

    def advertise(self, port: int) -> None:
        """Tell clients that the broker is to be reached there."""
        self._do(f"advertise {port}")

    def forget(self, topic: str, partition: int, before: int) -> None:
        """Drop the first messages of a partition, as retention does."""
        self._do(f"forget {topic} {partition} {before}")

    def _do(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        assert self._line() == "0", command

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def running() -> Iterator[MockKafka]:
    """A cluster for as long as this is open."""
    required("Kafka's mock cluster (package confluent-kafka)", find_spec("confluent_kafka") is not None)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.services.kafka"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield MockKafka(process)
        finally:
            process.kill()


class Wire(Line):
    """A line to a broker, of which requests can be held by their kind."""

    def __init__(self) -> None:
        super().__init__(speech.kafka)
        self.held: Container[int] = ()
        """Kinds of request that are swallowed, without an answer and without an end."""
        self.rule(lambda call: Fault.REQUEST_HELD if int(call.name) in self.held else None)

    @property
    def requests(self) -> list[bytes]:
        """What has gone to the broker, or been held."""
        return [call.data[4:] for call in self.calls]

    def produced(self) -> list[tuple[int, int]]:
        """Of each request to append: the acknowledgements that it asks for, and the id of its producer."""
        return [_told(one) for one in self.requests if kind_of(one) == PRODUCE]


@asynccontextmanager
async def wire() -> AsyncIterator[Wire]:
    """A wire to no broker yet, cut, its port known."""
    one = Wire()
    await one.mend()
    await one.cut()
    try:
        yield one
    finally:
        await one.cut()


def kind_of(request: bytes) -> int:
    """Its number in the protocol."""
    kind: int = struct.unpack_from(">h", request)[0]
    return kind


def _told(request: bytes) -> tuple[int, int]:
    """Acknowledgements and producer of a request to append, of versions 3 to 8."""
    place = 8  # api key, its version, correlation
    place += 2 + max(0, struct.unpack_from(">h", request, place)[0])  # client
    place += 2 + max(0, struct.unpack_from(">h", request, place)[0])  # transaction
    acks = struct.unpack_from(">h", request, place)[0]
    place += 2 + 4 + 4  # acks, timeout, number of topics
    place += 2 + struct.unpack_from(">h", request, place)[0]  # topic
    place += 4 + 4 + 4  # number of partitions, partition, size of its batch
    # Offset, length, epoch of leader, version, checksum, attributes, last offset, two times.
    return acks, struct.unpack_from(">q", request, place + 8 + 4 + 4 + 1 + 4 + 2 + 4 + 8 + 8)[0]


def main() -> None:
    """The cluster itself."""
    import confluent_kafka.cimpl

    library = ctypes.CDLL(confluent_kafka.cimpl.__file__)  # librdkafka is among what it is linked to
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    library.rd_kafka_new.restype = pointer
    library.rd_kafka_new.argtypes = [ctypes.c_int, pointer, text, ctypes.c_size_t]
    library.rd_kafka_mock_cluster_new.restype = pointer
    library.rd_kafka_mock_cluster_new.argtypes = [pointer, ctypes.c_int]
    library.rd_kafka_mock_cluster_bootstraps.restype = text
    library.rd_kafka_mock_cluster_bootstraps.argtypes = [pointer]
    library.rd_kafka_mock_push_request_errors_array.argtypes = [
        *(pointer, ctypes.c_int16),
        *(ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)),
    ]
    library.rd_kafka_mock_push_request_errors_array.restype = None
    library.rd_kafka_mock_broker_set_host_port.argtypes = [pointer, ctypes.c_int32, text, ctypes.c_int]
    library.rd_kafka_mock_partition_delete_records.argtypes = [pointer, text, ctypes.c_int32, ctypes.c_int64]
    cluster = library.rd_kafka_mock_cluster_new(library.rd_kafka_new(0, None, None, 0), 1)
    answer = library.rd_kafka_mock_cluster_bootstraps(cluster).decode().rpartition(":")[2]
    while True:
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
        match sys.stdin.readline().split():
            case ["refuse", error, times]:
                errors = (ctypes.c_int * int(times))(*[int(error)] * int(times))
                library.rd_kafka_mock_push_request_errors_array(cluster, PRODUCE, int(times), errors)
                answer = 0
            case ["advertise", port]:
                answer = library.rd_kafka_mock_broker_set_host_port(cluster, 1, b"127.0.0.1", int(port))
            case ["forget", topic, partition, before]:
                answer = library.rd_kafka_mock_partition_delete_records(
                    cluster, topic.encode(), int(partition), int(before)
                )
            case _:
                return


if __name__ == "__main__":
    main()
