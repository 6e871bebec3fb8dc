"""What a unit refuses, and what it says about it: every error that the edge raises by name.

Each has a stable code and a notice for the clerk (broker.errors). After any of them nothing has changed, unless the
docstring says otherwise.
"""

from __future__ import annotations

from broker.errors import OneWindowError, Refused


class StepRefused(Refused):
    """A step of the visit came out of order. The visit stands as it stood."""

    code = "step-out-of-order"
    notice = "现在不能进行这一步。"

    def __init__(self, rule: str, notice: str = "", code: str = "") -> None:
        super().__init__(rule)
        if notice:
            self.notice = notice
        if code:
            self.code = code


class NotOfThisRole(Refused):
    code = "not-of-this-role"
    notice = "本装置不办理这项操作。"


class VisitUnknown(Refused):
    code = "visit-unknown"
    notice = "没有找到这次办理，可能已经结束。请刷新页面。"


class PageUnknown(Refused):
    code = "page-unknown"
    notice = "没有找到这一页，可能已经删除。"


class PageNotReadable(Refused):
    """The gate refused the picture; `sentence` says what to do. The page can still be kept with `TakePageAnyway`."""

    code = "page-not-readable"

    def __init__(self, sentence: str) -> None:
        super().__init__("the page gate refused the picture")
        self.notice = sentence


class ItemUnknown(Refused):
    code = "item-unknown"
    notice = "目录中没有这个事项编码。"


class FormRefused(Refused):
    code = "form-refused"
    notice = "表单内容不符合要求：最多30项，每项最多500字，不能有特殊字符。"


class TicketRefused(Refused):
    """The code is no ticket of this hall that can be opened today."""

    code = "ticket-refused"
    notice = "号票条码无效，请重新扫描；仍不行请核对身份证后手工录入。"


class TicketCodeUnknown(TicketRefused):
    code = "ticket-code-unknown"
    notice = "这不是本大厅的号票条码。"


class TicketOfAnotherDay(TicketRefused):
    code = "ticket-of-another-day"
    notice = "这张号票不是今天的，已经失效，请重新取号。"


class TicketKeyMissing(TicketRefused):
    code = "ticket-key-missing"
    notice = "本窗口还没有今天的号票密钥，请核对身份证后手工录入，并联系管理员检查网络。"


class IdentityRefused(Refused):
    """A typed identity breaks a rule. The text names the rule, never the value."""

    code = "identity-refused"
    notice = "证件号码或姓名不符合规则，请核对后重新录入。"

    def __init__(self, rule: str, notice: str = "") -> None:
        super().__init__(rule)
        if notice:
            self.notice = notice


class NoCard(Refused):
    code = "no-card"
    notice = "请先把身份证放在读卡区，或手工录入。"


class NumbersUsedUp(OneWindowError, OverflowError):
    """A group has given out its last four-digit number of the day."""

    code = "numbers-used-up"
    notice = "今天这一类的号已经取完，请到咨询窗口。"


class GroupUnknown(Refused):
    code = "group-unknown"
    notice = "没有这个业务类别，请重新选择。"


class SlipMissing(Refused):
    code = "slip-missing"
    notice = "没有可以重打的号票。"


class StorageFailed(OneWindowError, OSError):
    """The card did not take what was to be kept. What was being kept is not kept; all that was kept before still is."""

    code = "storage-failed"
    notice = "存储卡出现故障，材料没有保存。请勿收走材料，并联系技术员。"


class OutboxFull(StorageFailed):
    code = "outbox-full"
    notice = "存储已满，暂时不能受理新的材料；已受理的仍在发送。请联系技术员。"


class StorageReadOnly(StorageFailed):
    code = "storage-read-only"
    notice = "存储卡变为只读，不能受理新的材料；已受理的仍在发送。请联系技术员更换存储卡。"


class PacketDamaged(OneWindowError, ValueError):
    """A packet's folder does not hold what its manifest says. It was set aside, whole, for a person to look at."""

    code = "packet-damaged"
    notice = "有一份材料在存储卡上损坏，已单独存放。请联系技术员。"


class DeviceUnknown(Refused):
    code = "device-unknown"
    notice = "本装置没有接这个设备。"


class PacketUnknown(Refused):
    code = "packet-unknown"
    notice = "没有找到这份材料。"


class LinkAway(OneWindowError, ConnectionError):
    """Central cannot be asked now; for what needs its answer at once. Papers go on."""

    code = "link-away"
    notice = "与中心的连接中断，暂时不能叫号；收件不受影响，材料会自动补发。"


class NoAnswer(OneWindowError, TimeoutError):
    """Central did not answer in time. Ask again."""

    code = "no-answer"
    notice = "中心没有及时回应，请稍后再试。"


class RefusedByCentral(Refused):
    """Central refused an event; code and notice are its own."""

    code = "refused-by-central"

    def __init__(self, code: str, notice: str) -> None:
        super().__init__(f"central refused: {code}")
        self.code = code or type(self).code
        self.notice = notice or "中心没有接受这项操作。"


class SettingsRefused(OneWindowError, ValueError):
    """unit.toml cannot be used. The text names the file and the key."""

    code = "settings-refused"
    notice = "装置的设置文件有误，请联系技术员。"


class UnitStopped(OneWindowError, RuntimeError):
    """The unit is stopping; the command was not carried out."""

    code = "unit-stopped"
    notice = "装置正在重新启动，请稍候再试。"


class Busy(OneWindowError, TimeoutError):
    """The unit did not get to the command in time; whether it will be carried out is open: look at the view."""

    code = "unit-busy"
    notice = "装置正忙，请稍候，并查看当前状态。"
