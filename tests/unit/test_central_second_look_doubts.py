"""What a page's lines say of whose paper it is and what paper it is; nothing is doubted for a reader's slip."""

from __future__ import annotations

import pytest

from broker.messages import Resident
from central.second_look.doubts import Doubt
from central.second_look.likeness import doubts_of_material, signs
from central.second_look.page_reader import Line
from central.second_look.person import doubts_of_person

OWN = Resident(name="样本甲乙", id_number="11010519491231002X")
OTHER_NUMBER = "34052419800101001X"


def line(text: str, *, left: float = 0, top: float = 0, height: float = 30, score: float = 0.99) -> Line:
    return Line(text=text, score=score, left=left, top=top, right=left + height * len(text), bottom=top + height)


@pytest.mark.parametrize(
    ("lines", "doubts"),
    [
        ([line("公民身份号码11010519491231002X")], ()),
        ([line("公民身份号码11010519491231002x")], ()),
        ([line("公民身份号码 110105 19491231 002X")], ()),
        ([line(f"公民身份号码{OTHER_NUMBER}")], (Doubt.OTHER_NUMBER,)),
        # A spouse's number beside one's own, as on a marriage certificate.
        ([line(OTHER_NUMBER), line("11010519491231002X", top=40)], ()),
        # One digit misread: the check character does not fit, so nothing is known.
        ([line("34052419800101002X")], ()),
        # Longer than a number: an account, a file number.
        ([line("9" + OTHER_NUMBER)], ()),
        ([line("姓名：样本甲乙")], ()),
        ([line("姓名：样本丙丁")], (Doubt.OTHER_NAME,)),
        ([line("姓 名 样本丙丁")], (Doubt.OTHER_NAME,)),
        ([line("申请人姓名：样本甲乙")], ()),
        # One stroke misread is the reader's slip; another surname is not.
        ([line("姓名：样本申乙")], ()),
        ([line("姓名：祥本甲乙")], (Doubt.OTHER_NAME,)),
        ([line("姓名：样本丙丁", score=0.7)], ()),
        # Whose name it is not.
        ([line("联系人姓名：样本丙丁"), line("经办人：样本丙丁", top=40)], ()),
        ([line("姓名：性别")], ()),
        ([line(f"姓名：样本丙丁 {OTHER_NUMBER}")], (Doubt.OTHER_NUMBER,)),
        ([line("姓名：样本甲乙"), line(OTHER_NUMBER, top=40)], ()),
        ([], ()),
    ],
)
def test_only_another_persons_number_or_name_is_doubted(lines: list[Line], doubts: tuple[Doubt, ...]) -> None:
    assert doubts_of_person(lines, OWN) == doubts


@pytest.mark.parametrize(
    ("name", "doubts"),
    [
        (line("样本丙丁", left=80), (Doubt.OTHER_NAME,)),
        (line("样本甲乙", left=80), ()),
        (line("样本丙丁", left=80, top=60), ()),  # a line below: of another label
        (line("样本丙丁", left=900), ()),  # across the page
    ],
)
def test_a_name_stands_in_the_cell_to_the_right_of_its_label(name: Line, doubts: tuple[Doubt, ...]) -> None:
    assert doubts_of_person([line("姓名"), name], OWN) == doubts


CARD = [line("姓名样本甲乙"), line("住址某处", top=100), line("公民身份号码11010519491231002X", top=300)]
REGISTER = [line("常住人口登记卡", height=60), line("姓名 样本甲乙", top=100)]


@pytest.mark.parametrize(
    ("lines", "material", "doubts"),
    [
        (CARD, "居民身份证", ()),
        (CARD, "居民户口簿", (Doubt.OTHER_MATERIAL,)),
        (REGISTER, "居民身份证", (Doubt.OTHER_MATERIAL,)),
        (REGISTER, "户口簿", ()),
        # Either will do.
        (CARD, "居民身份证或户口簿", ()),
        (REGISTER, "居民身份证或户口簿", ()),
        # A paper that the table does not know is never doubted.
        (CARD, "核对情况说明", ()),
        ([line("说明")], "居民身份证", (Doubt.NO_PRINT,)),
        ([], "居民身份证", (Doubt.NO_PRINT,)),
        ([], "一寸照片", ()),
        # An application names its papers further down: that makes it none of them.
        (
            [
                line("补贴申请表", height=60),
                *[line("内容", top=100 * n) for n in range(1, 9)],
                line("附：户口簿", top=900),
            ],
            "申请表",
            (),
        ),
        # Without any known sign nothing is said.
        ([line("一张写着别的东西的纸")], "居民身份证", ()),
    ],
)
def test_a_page_is_doubted_only_for_another_papers_signs(
    lines: list[Line], material: str, doubts: tuple[Doubt, ...]
) -> None:
    assert doubts_of_material(lines, material) == doubts


def test_the_table_knows_each_paper_once() -> None:
    papers = [each.paper for each in signs()]

    assert len(papers) == len(set(papers)) >= 8
    assert all(part for each in signs() for sign in each.on_page for part in sign)
