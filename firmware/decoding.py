"""Turn bytes from outside into pixels without trusting them: header measured first, then decoded in a bounded child.

Bytes come from uploads, folders and packets; pixels go to whoever looks at pictures. How large a picture may be, and
what its child may use, are `Bounds`: WIRE for what others send, PHOTOGRAPHS for files that a person names. A picture
that would fill the memory, burn the processor or crash the decoder costs the child its life and the caller a
`PictureRefused`, nothing else (RELIABILITY.md I1; ADR 0010).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import selectors
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from types import TracebackType
from typing import IO, Final, Literal

import numpy as np

from broker.errors import PhotographRefused, PictureRefused, require
from firmware.other_pictures import measure_other
from firmware.ports import Pixels

PICTURE_BYTES_MAX: Final = 12 * 1024 * 1024
PICTURE_PIXELS_MAX: Final = 40_000_000
PICTURE_SIDE_MAX: Final = 12_000  # pixels

DECODE_SECONDS_MAX: Final = 15.0  # by the wall clock, against hanging; the true bound is 5 s of processor time
PICTURES_PER_CHILD: Final = 200  # then a fresh one: whatever a picture may have left in it goes

_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_SIGNATURE: Final = b"\xff\xd8\xff"
_JPEG_END: Final = b"\xff\xd9"
# Start-of-frame markers that a baseline or progressive decoder takes. The others (lossless, hierarchical, arithmetic)
# are refused here instead of being handed to rarely walked code.
_JPEG_FRAMES: Final = (0xC0, 0xC1, 0xC2)
_JPEG_FRAMES_REFUSED: Final = (0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
# Within a scan FF 00 is a stuffed byte and FF D0–D7 a restart: any other FF xx ends it.
_JPEG_SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_PNG_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PNG_CHUNKS_MAX: Final = 100_000
_PIPE_BYTES: Final = 1 << 20  # 24 MB of pixels through the usual 64 KB pipe take three times as long


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How large a picture may be, what its child may use, and which kinds are taken."""

    bytes_max: int
    pixels_max: int
    side_max: int  # pixels
    memory_bytes_max: int  # of the child's address space
    processor_seconds_max: int  # of the child, for one picture
    seconds_max: float  # by the wall clock, against hanging
    strict: bool  # JPEG and PNG only, to their last byte, still, in grey or three colours
    refusal: type[PictureRefused]


WIRE: Final = Bounds(
    bytes_max=PICTURE_BYTES_MAX,
    pixels_max=PICTURE_PIXELS_MAX,
    side_max=PICTURE_SIDE_MAX,
    memory_bytes_max=1 << 30,
    processor_seconds_max=5,
    seconds_max=DECODE_SECONDS_MAX,
    strict=True,
    refusal=PictureRefused,
)
# Telephones take 108 megapixels; 48 of them as BMP or TIFF are 144 MB. Pixels, a copy turned upright, and a progressive
# JPEG's coefficients are 1.3 GB. `PhotographRefused.notice` says these numbers.
PHOTOGRAPHS: Final = Bounds(
    bytes_max=160 * 1024 * 1024,
    pixels_max=110_000_000,
    side_max=30_000,
    memory_bytes_max=2 << 30,
    processor_seconds_max=30,
    seconds_max=90.0,
    strict=False,
    refusal=PhotographRefused,
)

REPLY: Final = struct.Struct("!BII")  # outcome, height, width; then the pixels
DECODED: Final = 1
REQUEST: Final = struct.Struct("!I")  # length of the picture, which follows


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """What a picture says of itself. Width and height as stored: EXIF may turn them when it is decoded."""

    format: Literal["jpeg", "png", "webp", "bmp", "gif", "tiff"]
    width: int  # pixels, 1 to the bounds' side_max
    height: int
    closed: bool = True  # False: a JPEG that lacks its end marker, nothing else as far as the structure shows

    @property
    def mime(self) -> str:
        return f"image/{self.format}"


def measure_picture(data: bytes, *, bounds: Bounds = WIRE) -> PictureHeader:
    """Return format and size of a picture, from its header and structure alone; no pixel is decoded.

    Bytes after the picture's end are allowed (cameras append a preview there) and never looked at.

    Raises:
        PictureRefused: over the bounds, cut off, or of no kind that is taken: under WIRE over 12 MB, over 40
            megapixels, a side over 12,000 pixels, CMYK, animated, or not JPEG or PNG from its first byte.
    """
    refusal = bounds.refusal
    require(len(data) <= bounds.bytes_max, f"a picture has at most {bounds.bytes_max // 2**20} MB", refusal)
    try:
        header = _measure(data, strict=bounds.strict)
    except PictureRefused as error:
        raise refusal(str(error)) from None
    require(
        0 < header.width <= bounds.side_max and 0 < header.height <= bounds.side_max,
        f"a picture's sides are 1 to {bounds.side_max} pixels",
        refusal,
    )
    require(
        header.width * header.height <= bounds.pixels_max,
        f"a picture has at most {bounds.pixels_max // 1_000_000} megapixels",
        refusal,
    )
    return header


def _measure(data: bytes, *, strict: bool) -> PictureHeader:
    if data.startswith(_JPEG_SIGNATURE):
        return _measure_jpeg(data, strict=strict)
    if data.startswith(_PNG_SIGNATURE):
        return _measure_png(data, strict=strict)
    other = None if strict else measure_other(data)
    if other is not None:
        return PictureHeader(*other)
    raise PictureRefused(f"a picture begins as {'JPEG or PNG' if strict else 'JPEG, PNG, WebP, BMP, TIFF or GIF'}")


def decode_picture(data: bytes, *, seconds_max: float = DECODE_SECONDS_MAX) -> Pixels:
    """Decode one picture in a child of its own, upright as its EXIF says; takes some 0.3 s.

    For several pictures keep a `PictureDecoder`.

    Raises:
        PictureRefused: `measure_picture` refuses it, or it does not decode within the child's bounds.
    """
    with PictureDecoder(seconds_max=seconds_max) as decoder:
        return decoder.decode(data)


class PictureDecoder:
    """A decoding child kept for several pictures. Started by the first; one picture at a time, from any thread."""

    def __init__(self, *, bounds: Bounds = WIRE, seconds_max: float | None = None) -> None:
        self._bounds = bounds
        self._seconds_max = bounds.seconds_max if seconds_max is None else seconds_max
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._pictures = 0

    def decode(self, data: bytes) -> Pixels:
        """Return the picture as BGR pixels, upright as its EXIF says, 8 bits a sample, laid on white where it is
        transparent; of several pictures in a file the first.

        Raises:
            PictureRefused: `measure_picture` refuses it, it does not decode whole, or the child died or ran out of time
                or memory over it. The next picture gets a fresh child.
        """
        header = measure_picture(data, bounds=self._bounds)
        if not header.closed:
            data += _JPEG_END  # what else is missing is heard from the decoder
        refusal = self._bounds.refusal
        with self._lock:
            child = self._ready_child()
            try:
                pixels = _ask(child, data, header, time.monotonic() + self._seconds_max)
            except (OSError, TimeoutError, EOFError) as error:
                self._end_child()
                memory = self._bounds.memory_bytes_max >> 30
                raise refusal(
                    f"a picture decodes within {self._seconds_max:g} s and {memory} GB; this one did not"
                ) from error
            self._pictures += 1
            if self._pictures >= PICTURES_PER_CHILD:
                self._end_child()
        if pixels is None:
            raise refusal(f"a picture decodes wholly; this {header.format} is damaged, or coded in a rare way")
        return pixels

    def close(self) -> None:
        with self._lock:
            self._end_child()

    def __enter__(self) -> PictureDecoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ready_child(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is not None:
            self._end_child()
        if self._child is None:
            self._child = _start_child(self._bounds)
            self._pictures = 0
        return self._child

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()  # it holds nothing that could be lost
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # a broken pipe is what a killed child leaves
                    pipe.close()
        child.wait()


def _start_child(bounds: Bounds) -> subprocess.Popen[bytes]:
    # Nothing of our environment goes in: a decoder that is taken over finds no address, path or key there.
    child = subprocess.Popen(  # noqa: S603
        [
            *(sys.executable, "-I", "-m", "firmware.decoding_child"),
            *(str(bounds.memory_bytes_max), str(bounds.processor_seconds_max)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENCV_LOG_LEVEL": "OFF", "LANG": "C.UTF-8"},
        close_fds=True,
        bufsize=0,
    )
    assert child.stdout is not None
    with contextlib.suppress(OSError):  # a user may have used up his share of pipe pages: slower, not broken
        fcntl.fcntl(child.stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return child


def _ask(child: subprocess.Popen[bytes], data: bytes, header: PictureHeader, deadline: float) -> Pixels | None:
    """Have the child decode; None when it says that it cannot."""
    assert child.stdin is not None
    assert child.stdout is not None
    _write(child.stdin, REQUEST.pack(len(data)), deadline)
    _write(child.stdin, data, deadline)
    reply = bytearray(REPLY.size)
    _read_into(child.stdout, memoryview(reply), deadline)
    outcome, height, width = REPLY.unpack(reply)
    if outcome != DECODED:
        return None
    # The child may be in a picture's hands by now: its answer has the size that the header promised, or none.
    if (width, height) not in ((header.width, header.height), (header.height, header.width)):
        raise EOFError("the child answers another size")
    pixels = np.empty((height, width, 3), np.uint8)
    _read_into(child.stdout, pixels.data.cast("B"), deadline)
    return pixels


def _write(pipe: IO[bytes], data: bytes, deadline: float) -> None:
    os.set_blocking(pipe.fileno(), False)
    left = memoryview(data)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_WRITE)
        while left:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError("the child does not take the picture")
            left = left[os.write(pipe.fileno(), left) :]


def _read_into(pipe: IO[bytes], buffer: memoryview, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while buffer:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError("the child does not answer")
            got = os.readv(pipe.fileno(), [buffer])
            if got == 0:
                raise EOFError("the child died")
            buffer = buffer[got:]


def _measure_jpeg(data: bytes, *, strict: bool) -> PictureHeader:
    """Walk the segments to the end-of-image marker: a cut picture has none.

    Without `strict` the marker itself may be missing, as of a file whose copying lacked its last bytes.
    """
    header: PictureHeader | None = None
    position, scans = 2, 0
    while True:
        marker, position = _jpeg_marker(data, position)
        if marker == 0xD9:
            require(header is not None and scans > 0, "a JPEG has a frame and a scan", PictureRefused)
            assert header is not None
            return header
        require(position + 2 <= len(data), "a JPEG is whole", PictureRefused)
        length = int.from_bytes(data[position : position + 2])
        require(length >= 2 and position + length <= len(data), "a JPEG is whole", PictureRefused)
        if marker in _JPEG_FRAMES:
            require(header is None and length >= 8, "a JPEG has one frame", PictureRefused)
            _, height, width, components = struct.unpack_from("!BHHB", data, position + 2)
            require(
                components in (1, 3) or (components == 4 and not strict),
                "a JPEG is grey or of three colours, not CMYK"
                if strict
                else "a JPEG is grey or of three or four colours",
                PictureRefused,
            )
            header = PictureHeader("jpeg", width, height)
        require(marker not in _JPEG_FRAMES_REFUSED, "a JPEG is baseline or progressive", PictureRefused)
        position += length
        if marker == 0xDA:
            scans += 1
            end = _JPEG_SCAN_END.search(data, position)
            if end is None and not strict and header is not None:
                return replace(header, closed=False)
            require(end is not None, "a JPEG is whole", PictureRefused)
            assert end is not None
            position = end.start()


def _jpeg_marker(data: bytes, position: int) -> tuple[int, int]:
    """Return the marker at the position and where its body begins; fill bytes (FF FF …) are passed over."""
    require(data[position : position + 1] == b"\xff", "a JPEG is made of segments", PictureRefused)
    while data[position : position + 1] == b"\xff":
        position += 1
    require(position < len(data), "a JPEG is whole", PictureRefused)
    return data[position], position + 1


def _measure_png(data: bytes, *, strict: bool) -> PictureHeader:
    """Walk the chunks to IEND: a cut picture has none. Without `strict` the first picture of an animation will do."""
    header: PictureHeader | None = None
    position = len(_PNG_SIGNATURE)
    for _ in range(_PNG_CHUNKS_MAX):
        require(position + 12 <= len(data), "a PNG is whole", PictureRefused)
        length, kind = struct.unpack_from("!I4s", data, position)
        require(position + 12 + length <= len(data), "a PNG is whole", PictureRefused)
        if header is None:
            require(kind == b"IHDR" and length == 13, "a PNG begins with its header", PictureRefused)
            width, height, depth, colours = struct.unpack_from("!IIBB", data, position + 8)
            require(depth in _PNG_DEPTHS.get(colours, ()), "a PNG has a known colour type", PictureRefused)
            header = PictureHeader("png", width, height)
        require(not strict or kind not in (b"acTL", b"fcTL"), "a picture stands still", PictureRefused)
        if kind == b"IEND":
            return header
        position += 12 + length
    raise PictureRefused(f"a PNG has at most {_PNG_CHUNKS_MAX} chunks")
