"""The words of the screens: states, kinds of entries, devices and their remedies, in Chinese and small English.

One table a thing, so that a word is changed in one place. Pure; used by the templates and by `shown.py`.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Word(NamedTuple):
    """A word in both languages, and the tone that its badge has."""

    zh: str
    en: str
    tone: str = ""  # good | info | warn | bad | ""


CASE_STATES: Final = {
    "open": Word("待分派", "unassigned", "warn"),
    "assigned": Word("审批中", "in review", "info"),
    "correction": Word("待补正", "correction", "warn"),
    "approved": Word("已批准", "approved", "good"),
    "ready": Word("待领取", "ready", "good"),
    "refused": Word("不予办理", "refused", "bad"),
    "closed": Word("已办结", "closed"),
}
KINDS: Final = {"same_day": Word("即办件", "same day", "info"), "promised": Word("承诺件", "promised")}
ROLES: Final = {
    "clerk": Word("前台", "clerk"),
    "officer": Word("经办人", "officer"),
    "pickup": Word("出件", "pickup"),
    "supervisor": Word("主管", "supervisor"),
    "admin": Word("管理员", "administrator"),
}
UNIT_ROLES: Final = {
    "intake": Word("综合受理", "intake"),
    "pickup": Word("综合出件", "pickup"),
    "kiosk": Word("取号机", "kiosk"),
    "station": Word("社区服务站", "station"),
    "board": Word("大厅屏", "hall board"),
}
DOUBTS: Final = {
    "other-number": Word("证件号码与号票不一致", "another ID number"),
    "other-name": Word("姓名与号票不一致", "another name"),
    "other-material": Word("看起来不是这种材料", "looks like another paper"),
    "no-print": Word("没有读出文字，可能是反面", "no print"),
    "unread": Word("图像没有读出来，请人工核对", "could not be read"),
}
PROOFS: Final = {
    "ticket": Word("号票", "ticket"),
    "receipt": Word("回执", "receipt"),
    "id_card": Word("身份证", "ID card"),
}
ENTRIES: Final = {
    "hall-opened": Word("大厅设置", "hall set up"),
    "unit-enrolled": Word("装置入网", "unit enrolled"),
    "unit-revoked": Word("装置吊销", "unit revoked"),
    "unit-forked": Word("装置疑似被复制", "unit forked", "bad"),
    "staff-added": Word("人员变更", "staff changed"),
    "password-changed": Word("口令更改", "password changed"),
    "officer-presence": Word("在岗变更", "presence"),
    "catalogue-loaded": Word("事项目录更新", "catalogue loaded"),
    "settings-changed": Word("设置变更", "setting changed"),
    "ticket-issued": Word("取号", "ticket issued"),
    "ticket-called": Word("叫号", "called"),
    "call-shown": Word("叫号已显示", "call shown"),
    "ticket-passed": Word("过号", "passed"),
    "ticket-reentered": Word("过号重排", "re-entered"),
    "visit-opened": Word("开始办理", "visit opened"),
    "visit-ended": Word("办理结束", "visit ended"),
    "case-opened": Word("受理", "case opened", "info"),
    "second-look-taken": Word("第二眼核对", "second look"),
    "case-assigned": Word("分派", "assigned"),
    "case-moved": Word("转办", "moved"),
    "case-approved": Word("批准", "approved", "good"),
    "correction-asked": Word("一次性告知补正", "correction asked", "warn"),
    "correction-made": Word("补正完成", "correction made"),
    "case-refused": Word("不予办理", "refused", "bad"),
    "result-ready": Word("结果待领", "result ready", "good"),
    "handed-over": Word("已交付", "handed over"),
    "promise-recomputed": Word("承诺日期重算", "promise recomputed"),
    "person-opened": Word("查看身份信息", "identity opened", "warn"),
    "resident-erased": Word("个人信息已销毁", "resident erased"),
    "message-refused": Word("报文被拒", "message refused", "warn"),
    "signed-in": Word("登录", "signed in"),
}
DEVICES: Final = {
    "scanner": Word("扫描枪", "scanner"),
    "document_camera": Word("高拍仪", "document camera"),
    "call_display": Word("叫号屏", "call display"),
    "panel": Word("按键面板", "button panel"),
    "speaker": Word("语音", "speaker"),
    "id_card_reader": Word("身份证阅读器", "ID card reader"),
    "ticket_printer": Word("号票打印机", "ticket printer"),
    "board": Word("装置本身", "board"),
    "board.temperature": Word("装置温度", "temperature"),
    "board.power": Word("装置供电", "power"),
    "board.card": Word("存储卡", "card"),
    "board.space": Word("存储空间", "space"),
    "board.memory": Word("内存", "memory"),
    "board.clock": Word("装置时钟", "clock"),
    "board.load": Word("装置负荷", "load"),
    "storage": Word("存储卡", "storage"),
    "outbox": Word("待发箱", "outbox"),
    "disk": Word("存储卡", "disk"),
    "clock": Word("时钟", "clock"),
    "broker": Word("网络连接", "network"),
}
REMEDIES: Final = {
    "device-missing": "没有找到设备：检查是否插好，再重新插一次",
    "device-failed": "设备故障：检查接线和电源后重试",
    "camera-not-ready": "高拍仪没有响应：检查电源和排线",
    "paper-out": "缺纸：请换上新的纸卷",
    "cover-open": "机盖没有合上：请合上机盖",
    "outbox-full": "存储将满：暂停收新件，联系技术员",
    "disk-full": "存储卡已满：联系技术员更换",
    "read-only": "存储卡变为只读：联系技术员更换",
    "clock-wrong": "时钟不准：检查网络对时",
    "under-voltage": "供电不足，可能随时重启：更换原装电源和电源线，拔掉多余的USB设备",
    "under-voltage-before": "开机以来出现过供电不足：更换原装电源和电源线",
    "slowed": "被降速运行：检查电源和散热",
    "too-hot": "过热，已自动降速：检查风扇，清理通风口，移开遮挡物",
    "warm": "偏热：清理通风口，检查风扇是否转动",
    "card-errors": "出现读写错误：等材料发送完后更换存储卡",
    "card-worn-out": "寿命将尽：尽快更换存储卡",
    "card-worn": "已用旧：一个月内更换存储卡",
    "space-low": "剩余空间不足一成：清理或更换更大的存储卡",
    "files-full": "文件太多，快要不能再建新文件：清理存储卡",
    "memory-full": "将用尽：在没有居民时重启装置，再查原因",
    "memory-low": "紧张：下班后重启装置，反复出现请技术员查看",
    "clock-unsynchronised": "没有对时：检查网络和对时服务器",
    "overloaded": "一直很忙：在没有居民时重启，反复出现请技术员查看",
    "board-unreadable": "读不到状态：重启装置，仍不行请技术员查看",
    "board-warning": "需要留意：请技术员查看",
    "storage-read-only": "存储卡变为只读：联系技术员更换",
    "camera-missing": "没有找到：检查是否插好，再重新插一次",
    "scanner-missing": "没有连接：插好后重试；号票可放在高拍仪下识别",
    "card-reader-failed": "没有响应：检查连接；可以手工录入",
    "card-unreadable": "读不出身份证：拿起卡片，重新平放在读卡区",
    "display-failed": "没有响应：检查接线；叫号以大厅屏和语音为准",
    "printer-failed": "没有响应：检查电源和连接线",
    "speaker-failed": "没有声音：检查音箱和声卡；叫号以屏幕为准",
    "scanner-taken": "被另一个程序占用：关闭那个程序，或拔下重新插好",
    "scanner-forbidden": "没有使用权限：安装 udev 规则后重新插好，见技术员手册",
    "scanner-not-a-gun": "设置里写的设备不是扫描枪：核对 unit.toml 的 device",
    "scanner-ambiguous": "有两把相同的枪：在 unit.toml 用 device 写明是哪一把",
    "card-reader-missing": "没有找到：检查是否插好，再重新插一次；可以手工录入",
    "card-reader-taken": "被另一个程序占用：关闭那个程序后重试；可以手工录入",
    "card-reader-forbidden": "没有使用权限：安装 udev 规则后重新插好；可以手工录入",
    "card-reader-faulty": "报告自身故障：拔下重插，仍不行就更换；可以手工录入",
    "card-kind-unknown": "这种证件不能自动读取：请手工录入",
    "printer-missing": "没有找到：检查电源和连接线，再重新插一次",
    "printer-taken": "被另一个程序占用：关闭那个程序（例如系统打印服务）后重试",
    "printer-forbidden": "没有使用权限：安装 udev 规则后重新插好，见技术员手册",
    "libusb-missing": "系统缺少软件：安装 libusb-1.0-0 后重启装置程序",
    "panel-missing": "针脚打不开：用屏幕上的按钮，核对接线后重启装置",
    "button-stuck": "有按钮一直按着：检查是否卡住或接线短路",
    "scanner-unended": "扫到内容但没有结束符：按接线手册第6节把后缀设为回车",
    "printer-line-slow": "串口太慢，号条传不完：按接线手册调高打印机的波特率",
    "gpio-package-missing": "系统缺少软件 lgpio：按技术员手册补装后重启装置",
    "gpio-forbidden": "没有使用针脚的权限：把运行程序的用户加进 gpio 组后重启装置",
    "spi-package-missing": "系统缺少软件 spidev：按技术员手册补装后重启装置",
    "spi-forbidden": "没有使用 SPI 的权限：把运行程序的用户加进 spi 组后重启装置",
    "display-forbidden": "没有使用叫号屏的权限：把运行程序的用户加进 dialout 组后重启装置",
    "font-missing": "系统缺少中文字体：安装 fonts-noto-cjk 后重启装置程序",
}


def entry_word(kind: str) -> Word:
    """Return the word for an entry's kind, whatever its version."""
    name = kind.partition("/")[0]
    return ENTRIES.get(name, Word(name, name))


def health_word(device: str, code: str) -> str:
    """Return a unit's trouble with its remedy, in one sentence."""
    name = DEVICES.get(device, Word(device, device)).zh
    return f"{name}：{REMEDIES.get(code, f'异常（{code}），请联系技术员')}"
