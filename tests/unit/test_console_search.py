"""What clerks type, and the item that they mean by it. The catalogue is the hall's own."""

from __future__ import annotations

import csv
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.console.search import QUERY_MAX, ItemSearch

CATALOGUE = (
    Path(__file__).parents[2] / "catalogue" / "service_items.tsv",
    Path(__file__).parents[2] / "central" / "catalogue" / "service_items.tsv",
)


@dataclass(frozen=True)
class Item:
    code: str
    name: str
    department: str


SOME = [
    Item("RS001", "社会保障卡申领", "社会保障科"),
    Item("RS005", "社会保障卡挂失", "社会保障科"),
    Item("RS010", "社会保障卡参保地转移", "社会保障科"),
    Item("RS015", "个人参保证明查询打印", "社会保障科"),
    Item("JY002", "失业登记", "就业服务科"),
    Item("JY003", "灵活就业登记", "就业服务科"),
    Item("JY025", "创业担保贷款申请", "就业服务科"),
    Item("RS029", "失业保险金申领", "社会保障科"),
    Item("YB005", "医保电子凭证申领", "医疗保障科"),
    Item("YB006", "异地安置退休人员备案", "医疗保障科"),
    Item("YB017", "住院费用报销", "医疗保障科"),
    Item("YB020", "生育津贴支付", "医疗保障科"),
    Item("MZ009", "最低生活保障", "社会救助科"),
    Item("YL001", "敬老卡申领和发放", "养老服务科"),
    Item("CL005", "残疾人证新办", "残疾人事务科"),
    Item("CL006", "残疾类别/等级变更", "残疾人事务科"),
    Item("CL008", "重度残疾人护理补贴", "残疾人事务科"),
    Item("WJ001", "《预防接种证》办理", "卫生健康科"),
    Item("WJ006", "独生子女父母奖励费", "卫生健康科"),
    Item("SF003", "律师及律所业务咨询", "司法所"),
    Item("ZF001", "公租房租金缴纳", "住房保障科"),
    Item("ZH001", "居住证挂失", "综合服务岗"),
    Item("YB001", "“一老一小”城乡居民基本医疗保险参保登记", "医疗保障科"),
]


@pytest.fixture(scope="module")
def search() -> ItemSearch:
    return ItemSearch(SOME)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("社会保障卡申领", "RS001"),
        ("社保卡", "RS001"),  # what everybody says: characters are passed over
        ("sbk", "RS001"),
        ("shbzk", "RS001"),
        ("SBK", "RS001"),
        ("shebaoka", "RS001"),
        ("shehuibaozhangka", "RS001"),
        ("shehuibaozh", "RS001"),  # still typing
        ("she'hui'bao", "RS001"),  # what an input method leaves behind
        ("社bk", "RS001"),
        ("sbk gs", "RS005"),
        ("社保卡 挂失", "RS005"),
        ("挂失　社保卡", "RS005"),  # a wide blank, the other way round
        ("rs001", "RS001"),
        ("RS001", "RS001"),
        ("ＲＳ００１", "RS001"),
        ("rs1", "RS001"),
        ("rs01", "RS001"),
        ("rs15", "RS015"),
        ("低保", "MZ009"),
        ("dibao", "MZ009"),
        ("zdshbz", "MZ009"),
        ("残疾证新办", "CL005"),
        ("cjzxb", "CL005"),
        ("失业金", "RS029"),
        ("syjsl", "RS029"),
        ("敬老卡", "YL001"),
        ("jlk", "YL001"),
        ("灵活就业", "JY003"),
        ("lhjy", "JY003"),
        ("医保报销", "YB017"),  # the department says what the name leaves out
        ("医保凭证", "YB005"),
        ("ybdzpz", "YB005"),
        ("zhongdu", "CL008"),
        ("chongdu", "CL008"),  # the other reading of 重
        ("canbao", "RS015"),
        ("参保证明", "RS015"),
        ("cbzm", "RS015"),
        ("lvshi", "SF003"),
        ("lushi", "SF003"),
        ("公租房", "ZF001"),
        ("gzf", "ZF001"),
        ("jzz", "ZH001"),
        ("预防接种", "WJ001"),
        ("yfjzz", "WJ001"),
        ("一老一小", "YB001"),
        ("ylyx", "YB001"),
        ("独生子女", "WJ006"),
        ("退休 异地", "YB006"),
        ("等级变更", "CL006"),
        ("社会保障科 挂失", "RS005"),
    ],
)
def test_what_is_typed_finds_first_what_is_meant(search: ItemSearch, typed: str, meant: str) -> None:
    assert search.find(typed)[:1] == [meant]


@pytest.mark.parametrize(
    "typed", ["", "   ", "''", "结婚证书", "qqqq", "rs999", "999", "社保卡 结婚", "\x00", "😀", "(((", "%_"]
)
def test_what_nobody_offers_finds_nothing(search: ItemSearch, typed: str) -> None:
    assert search.find(typed) == []


def test_a_code_begun_lists_its_items_in_the_catalogues_order(search: ItemSearch) -> None:
    assert search.find("rs")[:5] == ["RS001", "RS005", "RS010", "RS015", "RS029"]


def test_the_limit_cuts_off_the_worst(search: ItemSearch) -> None:
    assert search.find("卡", limit=2) == search.find("卡")[:2]


def test_a_scanned_code_in_the_search_box_costs_nothing(search: ItemSearch) -> None:
    assert search.find("OW1" + "A" * 100_000) == search.find(("OW1" + "A" * 100_000)[:QUERY_MAX])


def test_an_empty_catalogue_finds_nothing() -> None:
    assert ItemSearch([]).find("社保卡") == []


def test_a_search_over_the_whole_catalogue_takes_under_five_milliseconds() -> None:
    path = next((path for path in CATALOGUE if path.exists()), None)
    if path is None:
        pytest.skip("the catalogue is not in the house yet")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    items = [Item(row["code"], row["name"], row["department"]) for row in rows]
    taken = []

    search = ItemSearch(items)
    for typed in ("sbk", "shehuibaozhang", "社保卡 挂失", "rs1", "cjz", "医保报销", "zhuyuan", "灵活就业", "s"):
        started = time.thread_time()
        assert search.find(typed)
        taken.append((time.thread_time() - started) * 1000)

    assert len(items) == 153
    assert statistics.median(taken) < 5
