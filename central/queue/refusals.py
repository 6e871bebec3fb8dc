"""What the queue refuses, and what the clerk or the resident does next. Nothing is changed by a refusal."""

from __future__ import annotations

from broker.errors import Refused


class QueueEmpty(Refused):
    code = "queue-empty"
    notice = "现在没有人等候。有人取号后再按“下一位”。"


class TicketStillOpen(Refused):
    """The window has a number called or open: one number at a time."""

    code = "ticket-still-open"
    notice = "请先结束或过号当前号码，再叫下一位。"


class WindowNotYours(Refused):
    """A unit speaks for a window that is not its own: settings mixed up, or a forgery."""

    code = "window-not-yours"
    notice = "这台装置不属于该窗口，没有执行。请联系管理员核对装置设置。"


class TicketNotHere(Refused):
    code = "ticket-not-here"
    notice = "该号码不是本窗口正在呼叫的号码。请核对后重试。"


class RecallsUsed(Refused):
    code = "recalls-used"
    notice = "该号码已重呼到上限。人未到请按“过号”，人已到请扫号单。"


class RecallTooSoon(Refused):
    code = "recall-too-soon"
    notice = "刚刚叫过这个号码，请稍等片刻再重呼。"


class TicketUnknown(Refused):
    code = "ticket-unknown"
    notice = "中心还没有这个号码的记录。请稍后再试，或请居民重新取号。"


class TicketOfAnotherDay(Refused):
    code = "ticket-of-another-day"
    notice = "号单不是今天的，已经失效。请重新取号。"


class TicketDayAhead(Refused):
    """A kiosk gives out numbers of a day that has not come: its clock is wrong."""

    code = "ticket-day-ahead"
    notice = "取号机的日期不对，号码没有排入队列。请联系管理员校准时间，并请居民重新取号。"


class TicketNumberUsed(Refused):
    """Two issues of one number on one day: a kiosk forgot how far it had counted."""

    code = "ticket-number-used"
    notice = "这个号码今天已经发出过，没有再排入队列。请居民重新取号，并联系管理员检查取号机。"


class TicketWaitsAlready(Refused):
    code = "ticket-waits-already"
    notice = "该号码还在排队，没有过号。请听叫号。"


class TicketIsCalled(Refused):
    code = "ticket-is-called"
    notice = "该号码正在呼叫或办理中，请到大屏显示的窗口。"


class TicketIsDone(Refused):
    code = "ticket-is-done"
    notice = "该号码已经办结。还要办理其他事项，请重新取号。"


class ReentryUsed(Refused):
    code = "reentry-used"
    notice = "该号码过号后已重新排过一次，不能再排。请重新取号。"
