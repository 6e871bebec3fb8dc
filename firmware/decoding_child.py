"""The child of decoding.py: decodes pictures from standard input to pixels on standard output, bounded by the kernel.

Its two arguments are the bytes of memory and the seconds of processor time that it may use (`decoding.Bounds`). Takes
nothing else from outside and gives nothing else back. It limits itself before it loads a decoder: its own code is ours,
only the pictures are not.
"""

from __future__ import annotations

import os
import resource
import struct
import sys
from typing import BinaryIO, Final

# As in decoding.py, which reads the other end; not imported from there, to start in half the time.
REQUEST: Final = struct.Struct("!I")
REPLY: Final = struct.Struct("!BII")
# libjpeg fills what is missing with grey and only mumbles about it. Harmless mumbling (extraneous bytes) is not here.
DAMAGE: Final = (b"premature end", b"bad Huffman", b"Unsupported marker", b"Invalid SOS")


def main(memory_bytes_max: int, processor_seconds_max: int) -> None:
    _limit(memory_bytes_max)
    requests = sys.stdin.buffer
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    mumbled = _hear_decoder()
    while head := requests.read(REQUEST.size):
        (length,) = REQUEST.unpack(head)
        data = requests.read(length)
        if len(data) < length:
            return
        _allow_processor_time(processor_seconds_max)
        _answer(replies, data, mumbled)


def _limit(memory_bytes_max: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes_max, memory_bytes_max))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold a resident's paper
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _allow_processor_time(seconds_max: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    seconds = int(used.ru_utime + used.ru_stime) + seconds_max + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, hard))


def _hear_decoder() -> int:
    """Make standard error a pipe to ourselves that never blocks; return the end to read from."""
    hear, say = os.pipe()
    os.set_blocking(hear, False)
    os.set_blocking(say, False)
    os.dup2(say, 2)
    os.close(say)
    return hear


def _heard(mumbled: int) -> bytes:
    try:
        return os.read(mumbled, 1 << 16)
    except BlockingIOError:
        return b""


def _answer(replies: BinaryIO, data: bytes, mumbled: int) -> None:
    # Imported under the limits, and only once there is a picture.
    import cv2
    import numpy as np

    from firmware.transparency import transparent_on_white

    cv2.setNumThreads(1)
    _heard(mumbled)
    try:
        pixels = transparent_on_white(data)
        if pixels is None:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except (cv2.error, MemoryError):
        pixels = None
    heard = _heard(mumbled)
    if pixels is None or any(words in heard for words in DAMAGE):
        _send(replies, REPLY.pack(0, 0, 0))
        return
    height, width = pixels.shape[:2]
    _send(replies, REPLY.pack(1, height, width))
    _send(replies, np.ascontiguousarray(pixels).data.cast("B"))


def _send(replies: BinaryIO, data: bytes | memoryview) -> None:
    left = memoryview(data)
    while left:
        left = left[replies.write(left) :]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
