"""What to do next, in one sentence: the line that stands over every clerk's page, whatever the state.

Pure: a view comes in, a step goes out. The sentence names the key that does it. Where a device is in the way, its own
remedy is the next step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge.view import Role, UnitView, VisitView

Level = Literal["do", "wait", "warn"]


@dataclass(frozen=True, slots=True)
class Step:
    text: str  # one sentence, Chinese
    english: str
    key: str = ""  # "F8"; "" when it is not for the clerk to press something
    level: Level = "do"


def next_step(view: UnitView) -> Step:
    """Return what the person at this unit does next."""
    if view.role is Role.PICKUP:
        return _pickup(view)
    if view.role is Role.BOARD:
        return _board(view)
    if view.front is None:
        return _nobody_here(view)
    return _visit(view, view.front)


def rear_step(view: UnitView, visit: VisitView | None) -> Step:
    """Return what the rear seat does next with the visit that it looks at."""
    if visit is None:
        return Step("前台转来的办理会出现在左边，请稍候", "Waiting for the front seat", level="wait")
    if blocked := _storage(view):
        return blocked
    if not visit.item_code:
        return Step("请先选择事项：按 F6 输入名称、首字母或编码", "Choose the service item", "F6")
    if not visit.pages:
        return Step("这次办理还没有材料，请前台补拍，或请居民补齐", "No pages yet", level="warn")
    if visit.missing:
        return Step(f"核对材料：还缺{_listed(visit.missing)}；填好表单后按 F9 受理", "Check, fill in, accept", "F9")
    if visit.half_taken:
        lacking = f"“{visit.half_taken[0]}”只有一面"
        return Step(f"{lacking}：请前台补拍，或核对后按 F9 受理", "One side of the card only", "F9")
    return Step("核对材料、填好表单，按 F9 受理", "Check, fill in, accept", "F9")


def _nobody_here(view: UnitView) -> Step:
    if view.role is Role.STATION:
        if view.card is not None:
            return Step("核对是本人，按 F2 开始办理", "Begin with this resident", "F2")
        return Step("请居民把身份证放在读卡区；没带身份证按 F7 手工录入", "Lay the ID card on the reader", "F7")
    if view.pickup is not None:
        return _pickup(view)
    if view.call is not None:
        if scanner := _device_trouble(view, "scanner"):
            return scanner
        return Step(f"等 {view.call.ticket} 号到窗口，用扫描枪扫他的号票", "Scan the ticket when the resident comes")
    if not view.link.online:
        return Step("网络中断，暂不能叫号；居民到窗口可直接扫号票办理", "Offline: scan tickets directly", level="warn")
    waiting = view.queue.total if view.queue else 0
    if waiting == 0:
        return Step("现在没有人等候；有人取号后按 F2 叫号", "Nobody is waiting", "F2", "wait")
    return Step(f"按 F2 叫下一位，还有 {waiting} 人等候", f"Call the next one, {waiting} waiting", "F2")


def _visit(view: UnitView, visit: VisitView) -> Step:
    if visit.taking and not view.hands_free.on:
        return Step("正在拍照，请不要移动材料", "Taking the picture, hold still", level="wait")
    if visit.refused_page is not None:
        sentence = visit.refused_page.verdict.rstrip("。")
        if view.hands_free.on:
            return Step(f"{sentence}；放稳后自动重拍", "Do as said and lay it anew; it is taken again", "F8", "warn")
        how = "按 F8" if sentence.endswith("重拍") else "放好后按 F8 重拍"
        return Step(f"{sentence}；{how}", "Not used yet: do as said, then take it again", "F8", "warn")
    if not visit.item_code:
        if visit.packets:
            done = len(visit.packets)
            return Step(f"已受理 {done} 件：还办别的按 F6 选事项，办完按 F7", f"{done} accepted: more, or finish", "F7")
        return Step("按 F6 选事项：输入名称、拼音首字母或编码", "Choose the service item", "F6")
    if blocked := _storage(view):
        return blocked
    if (visit.missing or not visit.pages) and (camera := _device_trouble(view, "document_camera")):
        return camera
    if aside := _set_aside(view, visit):
        return aside
    if turn := _turn_over(view, visit):
        return turn
    if view.hands_free.on and (visit.missing or not visit.pages):
        paper = f"把“{visit.missing[0]}”放到高拍仪下" if visit.missing else "把材料放到高拍仪下"
        return Step(f"{paper}，放稳后自动拍摄；按 F5 关闭", "Lay the paper down; it is taken by itself", "F5")
    if visit.missing:
        more = f"，还有 {len(visit.missing)} 样" if len(visit.missing) > 1 else ""
        return Step(f"把“{visit.missing[0]}”放到高拍仪下，按 F8 拍照{more}", "Lay the paper down and photograph", "F8")
    if not visit.pages:
        return Step("把材料放到高拍仪下，按 F8 拍照", "Lay the paper down and photograph", "F8")
    if view.role is Role.STATION:
        return Step("材料已齐：按 F9 受理", "Complete: accept", "F9")
    return Step("材料已齐：按 F9 受理，或按 F10 转后台", "Complete: accept, or hand to the rear seat", "F9")


def _set_aside(view: UnitView, visit: VisitView) -> Step | None:
    """Return what to do about a sheet that hands free does not take, while papers are missing."""
    if visit.missing and view.hands_free.step == "alike" and not visit.turn_over:
        return Step("像是拍过的同一张：请换下一张；若是另一张，按 F8 拍照", "Taken before? F8 takes it", "F8")
    return None


def _turn_over(view: UnitView, visit: VisitView) -> Step | None:
    """Return what to do about a card of which one side was taken: at once, and again before accepting."""
    if not visit.half_taken or (visit.missing and not visit.turn_over):
        return None
    name = visit.half_taken[0]
    hint = next((each.hint for each in visit.checklist if each.name == name), "")
    how = "放稳后自动拍摄" if view.hands_free.on else "按 F8 拍照"
    key = "F5" if view.hands_free.on else "F8"
    if visit.turn_over:
        return Step(f"请翻面，再拍{visit.turn_over}：{how}", "Turn the card over, take its other side", key)
    return Step(f"“{name}”{hint}，{how}；不需要就按 F9 受理", "One side of the card is lacking", key)


def _pickup(view: UnitView) -> Step:
    pickup = view.pickup
    if pickup is None:
        if not view.link.online:
            return Step(
                "网络中断，暂时查不到结果；恢复后自动可用", "Offline: results cannot be looked up", level="warn"
            )
        if view.call is not None:
            return Step(f"等 {view.call.ticket} 号到窗口，扫描号票、回执或放身份证", "Scan ticket, receipt or ID card")
        return Step("扫描居民的号票或回执，或把身份证放在读卡区", "Scan ticket, receipt or ID card")
    if not pickup.answered:
        return Step("正在查询，请稍候", "Asking central", level="wait")
    ready = [case for case in pickup.cases if case.state == "ready" and not case.handed_over]
    if ready:
        return Step(f"有 {len(ready)} 件可以领取：核对本人后按数字键出件", f"{len(ready)} ready: hand over", "1")
    if any(case.handed_over for case in pickup.cases):
        return Step("都已交给居民：按 F7 结束，接待下一位", "All handed over: finish", "F7")
    if pickup.cases:
        return Step("还没有办好的结果：请告诉居民预计时间，按 F7 结束", "Nothing ready yet", "F7", "warn")
    return Step(
        pickup.notice.rstrip("。") or "没有查到结果：请核对号票或身份证，按 F7 结束", "Nothing found", "F7", "warn"
    )


def _board(view: UnitView) -> Step:
    for name in ("speaker", "call_display"):
        if trouble := _device_trouble(view, name):
            return trouble
    if not view.link.online:
        return Step("与中心断开，大厅屏暂时收不到叫号；恢复后自动继续", "Offline: no calls arrive", level="warn")
    return Step("大厅屏和语音正常", "Board and voice are well", level="wait")


def _storage(view: UnitView) -> Step | None:
    if view.storage.full or view.storage.read_only:
        notice = view.storage.notice.rstrip("。") or "存储卡不能再写，暂时不能受理；已受理的仍在发送，请联系技术员"
        return Step(notice, "The card takes no new papers", level="warn")
    return None


def _device_trouble(view: UnitView, name: str) -> Step | None:
    for device in view.devices:
        if device.name == name and not device.ok:
            notice = device.notice.rstrip("。") or f"{device.label}有故障，请看设备页"
            return Step(notice, f"{name} needs attention", level="warn")
    return None


def _listed(materials: tuple[str, ...]) -> str:
    shown = "、".join(f"“{name}”" for name in materials[:2])
    return shown + (f"等 {len(materials)} 样" if len(materials) > 2 else "")
