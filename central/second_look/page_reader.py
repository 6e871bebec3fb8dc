"""A page's picture -> the lines of print on it. The port, and RapidOCR behind it with the models in its package.

Goes to `person.py` and `likeness.py`. What was read never leaves this process: only doubts do (page and code). A page
came from outside: it is decoded in a child that the kernel bounds (ADR 0010), and the models see pixels only.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from types import TracebackType
from typing import Any, Final, Protocol

from broker.errors import OneWindowError, PictureRefused

LINE_SCORE_MIN: Final = 0.6  # below it RapidOCR's lines on seals and watermarks are noise


class SecondLookMissing(OneWindowError, ModuleNotFoundError):
    """The extra is not installed. Nothing was started."""

    code = "second-look-missing"
    notice = "没有安装“第二眼”组件：请安装 onewindow-central[second-look] 后再启动；不安装不影响办理。"


class PageUnread(OneWindowError, ValueError):
    """The picture could not be decoded. The page stays as it is."""

    code = "page-unread"
    notice = "这一页的图像无法识读，请经办人人工核对。"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of print. Never logged."""

    text: str
    score: float  # 0 to 1, how sure the reader is
    left: float  # px, of the line's box
    top: float
    right: float
    bottom: float

    def __repr__(self) -> str:
        return f"Line({len(self.text)} characters, {self.score:.2f})"


class PageReader(Protocol):
    """Reads print."""

    def read(self, picture: bytes) -> tuple[Line, ...]:
        """Return the lines of a JPEG or PNG, in no promised order; none for a blank page.

        Raises:
            PageUnread: not a picture, or one that does not decode within bounds.
        """
        ...


class RapidPageReader:
    """RapidOCR on onnxruntime. Some 0.9 GB of memory; 1 to 4 s for an A4 page at 200 dpi on one core."""

    def __init__(self, *, threads: int = 1) -> None:
        """Load the models that are in the package; nothing is fetched.

        Raises:
            SecondLookMissing: a package of the extra is not installed.
        """
        try:
            from rapidocr import RapidOCR

            from firmware.decoding import PictureDecoder
        except ModuleNotFoundError as error:
            raise SecondLookMissing(f"module {error.name} is not installed") from None
        self._decoder = PictureDecoder()
        self.name = f"rapidocr {version('rapidocr')}"
        self._engine: Any = RapidOCR(
            params={
                # Pages come upright from the capture; turning each line's crop round costs and gains nothing.
                "Global.use_cls": False,
                "Global.log_level": "error",
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, picture: bytes) -> tuple[Line, ...]:
        try:
            pixels = self._decoder.decode(picture)
        except PictureRefused as refusal:
            raise PageUnread(str(refusal)) from None
        found = self._engine(pixels)
        if found.txts is None or found.boxes is None or found.scores is None:
            return ()
        return tuple(
            Line(
                text=str(text),
                score=float(score),
                left=float(min(point[0] for point in box)),
                top=float(min(point[1] for point in box)),
                right=float(max(point[0] for point in box)),
                bottom=float(max(point[1] for point in box)),
            )
            for text, score, box in zip(found.txts, found.scores, found.boxes, strict=True)
            if float(score) >= LINE_SCORE_MIN
        )

    def __enter__(self) -> RapidPageReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine = None
        self._decoder.close()
