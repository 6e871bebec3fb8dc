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
        ([line("申请人承诺"), line("申请人意见", top=40)], ()),
        ([line(f"姓名：样本丙丁 {OTHER_NUMBER}")], (Doubt.OTHER_NUMBER,)),
        # Nothing says whose number it is.
        ([line("姓名：样本甲乙"), line(OTHER_NUMBER, top=40)], ()),
        # The register's householder is named to all of the household.
        ([line("居民户口簿"), line("户主姓名：样本丙丁", top=40)], ()),
        ([], ()),
    ],
)
def test_only_another_persons_number_or_name_is_doubted(lines: list[Line], doubts: tuple[Doubt, ...]) -> None:
    assert doubts_of_person(lines, OWN) == doubts


OWN_NUMBER_LINE = line("公民身份号码11010519491231002X", top=300)
OTHER_NUMBER_LINE = line(f"公民身份号码{OTHER_NUMBER}", top=300)


@pytest.mark.parametrize(
    "lines",
    [
        [line("姓名样本丙丁"), OWN_NUMBER_LINE],
        [line("姓名：样本丙丁"), line("身份证号：11010519491231002X", top=40)],
        [line("姓名"), line("样本丙丁", left=80), OWN_NUMBER_LINE],
        # A form's heading over what the applicant promises is no second name.
        [line("姓名：样本丙丁"), line("申请人承诺", top=40), OWN_NUMBER_LINE],
        # A register's page of one person, with its label for the householder.
        [line("常住人口登记卡"), line("姓名样本丙丁", top=40), line("户主或与户主关系妻", top=80), OWN_NUMBER_LINE],
    ],
)
def test_another_name_beside_ones_own_number_is_pointed_out(lines: list[Line]) -> None:
    """A paper with the right number and somebody else's name passed: the number ended the question."""
    assert doubts_of_person(lines, OWN) == (Doubt.OTHER_NAME,)


@pytest.mark.parametrize(
    "lines",
    [
        [line("姓名样本甲乙"), OTHER_NUMBER_LINE],
        [line("姓名：样本甲乙"), line(f"身份证号码：{OTHER_NUMBER}", top=40)],
        [line("姓名：样本甲乙"), line("公民身份号码", top=40), line(OTHER_NUMBER, left=190, top=40)],
        [line("申请人姓名：样本甲乙"), line(f"申请人身份证号：{OTHER_NUMBER}", top=40)],
        # A twin's card: one character and two digits are all that is different.
        [line("姓名样本甲丙"), line("公民身份号码110105194912310038", top=300)],
    ],
)
def test_another_number_beside_ones_own_name_is_pointed_out(lines: list[Line]) -> None:
    assert doubts_of_person(lines, OWN) == (Doubt.OTHER_NUMBER,)


@pytest.mark.parametrize(
    "lines",
    [
        # Two people on one page: spouses on a marriage certificate, in either order and with either's number unread.
        [line("姓名：样本甲乙"), OWN_NUMBER_LINE, line("姓名：样本丙丁", top=400), line(OTHER_NUMBER, top=440)],
        [line("姓名：样本丙丁"), OTHER_NUMBER_LINE, line("姓名：样本甲乙", top=400)],
        [line("姓名：样本丙丁"), line("姓名：样本戊己", top=200), OWN_NUMBER_LINE],
        # A child's application that its guardian hands in, with the guardian's number.
        [
            line("申请人姓名：样本丙丁"),
            line("监护人：样本甲乙", top=40),
            line("监护人身份证号：11010519491231002X", top=80),
        ],
        [line("姓名：样本丙丁"), line("监护人姓名：样本甲乙", top=40), OWN_NUMBER_LINE],
        # One's own application that names a spouse's number, one's own misread or not asked for.
        [line("姓名：样本甲乙"), line(f"配偶身份证号：{OTHER_NUMBER}", top=40)],
        [
            line("姓名：样本甲乙"),
            line("公民身份号码110105194912310021", top=40),
            line(f"身份证号：{OTHER_NUMBER}", top=80),
        ],
        [
            line("姓名：样本甲乙"),
            line("公民身份号码11010519491231002", top=40),
            line(f"身份证号：{OTHER_NUMBER}", top=80),
        ],
        [line("姓名：样本甲乙"), line("联系人姓名：样本丙丁", top=40), line(f"身份证号：{OTHER_NUMBER}", top=80)],
        [line("姓名：样本甲乙"), OTHER_NUMBER_LINE, line("身份证号：512501197203035172", top=400)],
        # A household's list: names in a column below their heading.
        [line("户主姓名：样本丙丁"), line("姓名", top=40), line("样本甲乙", top=80), OWN_NUMBER_LINE],
        # What a reader errs by: any one character, and one left out or added.
        [line("姓名：祥本甲乙"), OWN_NUMBER_LINE],
        [line("姓名：样本甲"), OWN_NUMBER_LINE],
        [line("姓名：样本甲乙丙"), OWN_NUMBER_LINE],
        [line("姓名：样本丙丁", score=0.9), OWN_NUMBER_LINE],
        # Whose name it is not.
        [line("联系人姓名：样本丙丁"), OWN_NUMBER_LINE],
        [line("经办人：样本丙丁"), OWN_NUMBER_LINE],
        [line("户主姓名：样本丙丁"), OWN_NUMBER_LINE],
        # The own name stands there without a label.
        [line("姓名：样本丙丁"), line("受托人样本甲乙", top=40), OWN_NUMBER_LINE],
    ],
)
def test_where_one_of_the_two_agrees_other_people_on_the_page_are_no_doubt(lines: list[Line]) -> None:
    assert doubts_of_person(lines, OWN) == ()


@pytest.mark.parametrize("written", ["样本甲二", "张二"])
def test_a_short_name_misread_by_a_character_beside_its_number_is_no_doubt(written: str) -> None:
    own = Resident(name="张三" if len(written) == 2 else "样本甲三", id_number=OWN.id_number)

    assert doubts_of_person([line(f"姓名：{written}"), OWN_NUMBER_LINE], own) == ()


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
