"""The errors of the house: each has a code for machines, a notice for the person, a line for the log.

Raised everywhere; shown by the console and the web pages (`notice`), logged (`str`), and sent in receipts (`code`).
No value of a resident ever stands in one: a refusal names the rule that was broken, never what broke it.
"""

from __future__ import annotations


class OneWindowError(Exception):
    """Something the house knows by name. `code` never changes once released; `notice` says what to do next."""

    code = "one-window-error"
    notice = "系统出现未知问题，请联系管理员。"


class Refused(OneWindowError, ValueError):
    """Something that came in breaks a rule. Nothing was changed; what came in is kept or still with its sender."""

    code = "refused"
    notice = "收到的内容不符合规则，没有受理。"


class MessageRefused(Refused):
    """A message breaks a bound of `broker.messages`. The text names the rule."""

    code = "message-refused"
    notice = "收到的报文不符合约定，已拒绝。请联系管理员。"


class EnvelopeRefused(Refused):
    """The bytes are no envelope of ours: too long, cut, of an unknown version or suite."""

    code = "envelope-refused"
    notice = "收到的报文格式不对，已拒绝。请联系管理员。"


class SignatureRefused(Refused):
    """The signature is not the named sender's over these bytes."""

    code = "signature-refused"
    notice = "报文签名不符，已拒绝。请立即联系管理员核查该装置。"


class SealRefused(Refused):
    """The sealed part does not open with our key, or was not sealed to us."""

    code = "seal-refused"
    notice = "报文无法解封，已拒绝。请联系管理员核对密钥。"


class TopicRefused(Refused):
    """The topic is none of the house's, or does not belong to the one who used it."""

    code = "topic-refused"
    notice = "报文来自不允许的主题，已拒绝。"


class PictureRefused(Refused):
    """The picture is too large, cut, or of a kind that we do not take. Nothing was decoded."""

    code = "picture-refused"
    notice = "图片无法使用：只接受完整的 JPEG 或 PNG 照片。请重新拍摄。"


class PhotographRefused(PictureRefused):
    """As `PictureRefused`, of a photograph that a person named to a command: there more kinds and sizes are taken."""

    notice = (
        "照片无法使用：能读完整的 JPEG、PNG、WebP、BMP、TIFF、GIF 照片，每张最大 160 MB、1.1 亿像素、单边 30000 像素。"
        "请换一个文件，或转成 JPEG 后再试。"
    )


def require(holds: bool, rule: str, refusal: type[Refused] = MessageRefused) -> None:
    """Raise `refusal` with the rule as its text unless it holds."""
    if not holds:
        raise refusal(rule)
