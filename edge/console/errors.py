"""What the console refuses before the unit is asked: a stranger's request, a form that fits no command.

Each becomes a page or a JSON answer with its code and notice in `app.py`; nothing has changed after any of them.
"""

from __future__ import annotations

from broker.errors import Refused


class HostRefused(Refused):
    """The request names a host that is not ours: a page elsewhere has turned its own name to our address."""

    code = "host-refused"
    notice = "请用本装置的地址打开控制台。"


class OriginRefused(Refused):
    """The request was sent by a page of somebody else's."""

    code = "origin-refused"
    notice = "这个请求不是从本控制台发出的，没有执行。"


class CsrfRefused(Refused):
    """The page's token is missing or is not this browser's."""

    code = "csrf-refused"
    notice = "页面已过期，没有执行。请刷新页面后再试。"


class TokenRefused(Refused):
    """A program's bearer token is wrong, or programs are not admitted here."""

    code = "token-refused"
    notice = "程序令牌不对，没有执行。"


class CommandUnknown(Refused):
    code = "command-unknown"
    notice = "没有这项操作。"


class FieldRefused(Refused):
    """A field is too long, of the wrong kind, or none of the command's. The text names the rule, never the value."""

    code = "field-refused"
    notice = "填写的内容不符合要求：请检查长度和特殊字符后重试。"


class BodyRefused(Refused):
    code = "body-refused"
    notice = "请求内容无法识别，没有执行。"


class NotSimulated(Refused):
    code = "not-simulated"
    notice = "本装置没有使用模拟设备，不能演示。"


class SlipUnknown(Refused):
    code = "slip-unknown"
    notice = "没有这张号票图片。"


class StreamsFull(Refused):
    """So many pages listen already that this one has to ask from time to time instead."""

    code = "streams-full"
    notice = "打开的页面太多，本页改为定时刷新。"
