"""The one sentence over the clerk's page: for every state there is one, and it names the key that does it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.console.guidance import next_step, rear_step
from edge.view import CardView, HandsFreeView, LinkView, QueueView, Role, StorageView, UnitView, VisitView
from tests.support.console_fake_unit import NOW_MS, a_call, a_page, a_pickup, a_view, a_visit, checked, with_item

ITEM = with_item(a_visit(), "RS001")
FULL = checked(replace(ITEM, pages=(a_page(1, "居民身份证"), a_page(2, "一寸照片"))))
HALF = replace(
    checked(replace(ITEM, pages=(a_page(1, "居民身份证", side="人像面"),))),
    half_taken=("居民身份证",),
    turn_over="国徽面",
)
HALF_AND_NO_MORE = replace(
    FULL,
    half_taken=("居民身份证",),
    checklist=(replace(FULL.checklist[0], hint="请翻面，再拍国徽面"), FULL.checklist[1]),
)
ALIKE = HandsFreeView(on=True, step="alike", notice="像是拍过的同一张；若是另一张，请按 F8 拍照")
FREE = HandsFreeView(on=True, step="taken", notice="已拍，请翻面拍国徽面")
EMPTY_QUEUE = QueueView(waiting={"A": 0}, waiting_priority=0, current_ticket="", at_ms=NOW_MS)
OFFLINE = LinkView(online=False, since_ms=NOW_MS)
CARD = CardView(masked_name="张*三", masked_number="1*", read_at_ms=NOW_MS)


def with_trouble(device: str, notice: str, view: UnitView) -> UnitView:
    devices = (replace(each, ok=each.name != device, notice=notice) for each in view.devices)
    return replace(view, devices=tuple(devices))


@pytest.mark.parametrize(
    ("view", "said", "key"),
    [
        (a_view(), "按 F2 叫下一位，还有 7 人等候", "F2"),
        (a_view(queue=EMPTY_QUEUE), "没有人等候", "F2"),
        (a_view(queue=None), "没有人等候", "F2"),
        (a_view(link=OFFLINE), "直接扫号票办理", ""),
        (a_view(call=a_call()), "等 A6027 号到窗口，用扫描枪扫", ""),
        (a_view(front=a_visit()), "按 F6 选事项", "F6"),
        (a_view(front=ITEM), "把“居民身份证”放到高拍仪下，按 F8 拍照，还有 2 样", "F8"),
        (a_view(front=ITEM, link=OFFLINE), "按 F8 拍照", "F8"),  # nothing changes at the counter
        (a_view(front=replace(ITEM, taking=True)), "不要移动材料", ""),
        (a_view(front=replace(ITEM, refused_page=a_page(9, "x", verdict="画面模糊。"))), "画面模糊；放好后按 F8", "F8"),
        (a_view(front=FULL), "材料已齐：按 F9 受理，或按 F10 转后台", "F9"),
        (a_view(front=HALF), "请翻面，再拍国徽面：按 F8 拍照", "F8"),
        (a_view(front=HALF, hands_free=FREE), "请翻面，再拍国徽面：放稳后自动拍摄", "F5"),
        (a_view(front=ITEM, hands_free=ALIKE), "若是另一张，按 F8 拍照", "F8"),
        (a_view(front=FULL, hands_free=ALIKE), "按 F9 受理", "F9"),
        (a_view(front=HALF, hands_free=ALIKE), "请翻面，再拍国徽面", "F5"),
        (a_view(front=replace(HALF, turn_over="")), "把“一寸照片”放到高拍仪下，按 F8 拍照", "F8"),  # the clerk went on
        (a_view(front=HALF_AND_NO_MORE), "“居民身份证”请翻面，再拍国徽面，按 F8 拍照；不需要就按 F9 受理", "F8"),
        (a_view(front=a_visit(packets=("p",))), "已受理 1 件", "F7"),
        (a_view(front=FULL, storage=StorageView(full=True, notice="存储已满。")), "存储已满", ""),
        (a_view(pickup=a_pickup()), "有 2 件可以领取", "1"),
        (a_view(Role.STATION), "身份证放在读卡区", "F7"),
        (a_view(Role.STATION, card=CARD), "按 F2 开始办理", "F2"),
        (a_view(Role.STATION, front=FULL), "材料已齐：按 F9 受理", "F9"),
        (a_view(Role.PICKUP), "扫描居民的号票或回执", ""),
        (a_view(Role.PICKUP, link=OFFLINE), "网络中断", ""),
        (a_view(Role.PICKUP, pickup=a_pickup()), "有 2 件可以领取", "1"),
        (a_view(Role.PICKUP, pickup=replace(a_pickup(), answered=False, cases=())), "正在查询", ""),
        (a_view(Role.PICKUP, pickup=replace(a_pickup(), cases=())), "没有查到结果", "F7"),
        (a_view(Role.PICKUP, pickup=replace(a_pickup(), cases=a_pickup().cases[2:])), "还没有办好的结果", "F7"),
        (a_view(Role.BOARD), "大厅屏和语音正常", ""),
        (a_view(Role.BOARD, link=OFFLINE), "与中心断开", ""),
    ],
)
def test_every_state_says_what_to_do_next(view: UnitView, said: str, key: str) -> None:
    step = next_step(view)

    assert said in step.text
    assert step.key == key
    assert step.english.isascii()
    assert not step.text.endswith("。")  # the page sets the full stop


def test_a_device_in_the_way_says_its_own_remedy() -> None:
    camera = "高拍仪没有响应，请检查电源和连接线后重试。"
    scanner = "扫描枪没有连接，请插好后重试。"

    assert next_step(with_trouble("document_camera", camera, a_view(front=ITEM))).text == camera[:-1]
    assert next_step(with_trouble("scanner", scanner, a_view(call=a_call()))).text == scanner[:-1]
    assert "F9" in next_step(with_trouble("document_camera", camera, a_view(front=FULL))).text


@pytest.mark.parametrize(
    ("visit", "said"),
    [
        (None, "前台转来的办理会出现在左边"),
        (a_visit(), "请先选择事项"),
        (ITEM, "还没有材料"),
        (checked(replace(ITEM, pages=(a_page(1, "居民身份证"),))), "还缺“一寸照片”"),
        (FULL, "按 F9 受理"),
    ],
)
def test_the_rear_seat_is_told_what_the_visit_lacks(visit: VisitView | None, said: str) -> None:
    assert said in rear_step(a_view(), visit).text
