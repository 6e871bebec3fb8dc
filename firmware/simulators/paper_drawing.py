"""How each kind of sample paper is drawn. Called by `papers.py`; sizes in millimetres, 200 dots to the inch."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from PIL import Image, ImageDraw, ImageFilter

from firmware.simulators.fonts import font
from firmware.simulators.persons import SamplePerson, sample_person

Ink = tuple[int, int, int]
Drawn = tuple[Image.Image, float, float, float]  # picture, width and height in mm, radius of the corners in mm

DOTS_PER_MM: Final = 200 / 25.4
_BLACK: Final[Ink] = (34, 34, 38)
_GREY: Final[Ink] = (120, 122, 128)
_BLUE_INK: Final[Ink] = (32, 54, 130)  # what people fill in with
_RED: Final[Ink] = (196, 38, 34)
_LINE: Final[Ink] = (70, 72, 78)
_MARK: Final = "样本 演示"
_CARD_MM: Final = (85.6, 54.0, 3.2)
_FORM_TITLES: Final = (
    "社会保障卡业务申请表",
    "灵活就业人员社会保险补贴申请表",
    "城乡居民基本医疗保险参保登记表",
    "就业创业证申领登记表",
    "老年人养老服务补贴津贴申请表",
)
_PROOF_TITLES: Final = ("情 况 证 明", "居 住 证 明", "收 入 证 明", "在 职 证 明")
_CERTIFICATE_TITLES: Final = ("毕 业 证 书", "就 业 创 业 证", "残 疾 人 证", "职 业 资 格 证 书")


class _Paper:
    """A sheet being drawn on, in millimetres from its upper left corner."""

    def __init__(self, width_mm: float, height_mm: float, ground: Ink = (253, 252, 249)) -> None:
        self.size_mm = (width_mm, height_mm)
        self.image = Image.new("RGB", (_dots(width_mm), _dots(height_mm)), ground)
        self.draw = ImageDraw.Draw(self.image)

    def text(
        self, x: float, y: float, text: str, size: float, ink: Ink = _BLACK, *, bold: bool = False, middle: bool = False
    ) -> None:
        """Write with the upper left (or, if `middle`, the upper middle) at x, y; `size` is the height in mm."""
        face = font(_dots(size), bold=bold)
        left = _dots(x) - (face.getlength(text) / 2 if middle else 0)
        self.draw.text((left, _dots(y) - _dots(size) * 0.18), text, font=face, fill=ink)

    def paragraph(self, x: float, y: float, width: float, text: str, size: float, ink: Ink = _BLACK) -> float:
        """Write lines broken to the width; return where the next line would begin."""
        face = font(_dots(size))
        line = ""
        for character in text:
            if line and face.getlength(line + character) > _dots(width):
                self.text(x, y, line, size, ink)
                line, y = "", y + size * 1.65
            line += character
        self.text(x, y, line, size, ink)
        return y + size * 1.65

    def line(self, x1: float, y1: float, x2: float, y2: float, ink: Ink = _LINE, width: float = 0.25) -> None:
        self.draw.line((_dots(x1), _dots(y1), _dots(x2), _dots(y2)), fill=ink, width=max(1, _dots(width)))

    def box(self, x: float, y: float, width: float, height: float, ink: Ink = _LINE, fill: Ink | None = None) -> None:
        self.draw.rectangle(
            (_dots(x), _dots(y), _dots(x + width), _dots(y + height)), outline=ink, fill=fill, width=_dots(0.25)
        )

    def seal(self, x: float, y: float, radius: float, words: str) -> None:
        """Press a round red seal with its middle at x, y: the words say that it is none."""
        layer = Image.new("RGBA", self.image.size)
        pen = ImageDraw.Draw(layer)
        red = (*_RED, 190)
        cx, cy, r = _dots(x), _dots(y), _dots(radius)
        pen.ellipse((cx - r, cy - r, cx + r, cy + r), outline=red, width=_dots(0.9))
        face = font(_dots(min(radius * 0.4, radius * 1.6 / len(words))), bold=True)
        for row, line in enumerate((words, "★", "样本非公章")):
            pen.text((cx - face.getlength(line) / 2, cy + (row - 1.5) * r * 0.5), line, font=face, fill=red)
        self.image.paste(layer, (0, 0), layer)

    def portrait(self, x: float, y: float, width: float, height: float, person: SamplePerson) -> None:
        """Draw a figure where a photograph would be: plainly nobody."""
        w, h = _dots(width), _dots(height)
        chance = random.Random(person.id_number)  # noqa: S311
        photo = Image.new("RGB", (w * 2, h * 2), (222, 232, 242))
        pen = ImageDraw.Draw(photo)
        skin = chance.choice(((236, 200, 172), (228, 188, 158), (240, 208, 184)))
        coat = chance.choice(((52, 70, 104), (84, 58, 66), (60, 86, 76), (72, 72, 80)))
        pen.ellipse((w * 0.2, h * 1.28, w * 1.8, h * 2.6), fill=coat)
        pen.rectangle((w * 0.84, h * 1.0, w * 1.16, h * 1.42), fill=skin)
        if person.sex == "female":
            pen.ellipse((w * 0.46, h * 0.36, w * 1.54, h * 1.46), fill=(40, 34, 34))
        pen.ellipse((w * 0.54, h * 0.44, w * 1.46, h * 0.9), fill=(40, 34, 34))
        pen.ellipse((w * 0.6, h * 0.5, w * 1.4, h * 1.22), fill=skin)
        pen.pieslice((w * 0.56, h * 0.42, w * 1.44, h * 1.1), 180, 360, fill=(40, 34, 34))
        for side in (0.84, 1.16):
            pen.ellipse((w * side - w * 0.05, h * 0.82, w * side + w * 0.05, h * 0.87), fill=(50, 40, 40))
        pen.arc((w * 0.84, h * 0.9, w * 1.16, h * 1.06), 20, 160, fill=(150, 80, 76), width=max(2, w // 40))
        small = photo.resize((w, h), Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(0.4))
        self.image.paste(small, (_dots(x), _dots(y)))

    def mark(self) -> None:
        """Lay 样本 across the whole paper, pale: nobody may take it for a real one."""
        width, height = self.image.size
        face = font(max(26, min(width, height) // 9), bold=True)
        layer = Image.new("RGBA", (width * 2, height * 2))
        pen = ImageDraw.Draw(layer)
        step = int(face.getlength(_MARK) * 1.5)
        for row, top in enumerate(range(0, height * 2, int(face.size * 3.4))):
            for left in range(-(row % 2) * step // 2, width * 2, step):
                pen.text((left, top), _MARK, font=face, fill=(150, 60, 60, 34))
        turned = layer.rotate(24).crop((width // 2, height // 2, width // 2 + width, height // 2 + height))
        self.image.paste(turned, (0, 0), turned)

    def drawn(self, corner_mm: float = 0.0) -> Drawn:
        self.mark()
        return self.image, self.size_mm[0], self.size_mm[1], corner_mm


def _dots(mm: float) -> int:
    return round(mm * DOTS_PER_MM)


def _id_card(_seed: int, person: SamplePerson) -> Drawn:
    width, height, corner = _CARD_MM
    paper = _Paper(width, height, (226, 238, 240))
    for band in range(0, 54, 2):
        paper.line(0, band, width, band + 9, (210, 228, 230), 0.5)
    sex = "男" if person.sex == "male" else "女"
    for y, label, value in ((6.4, "姓名", person.name), (13.2, "性别", sex)):
        paper.text(4.5, y, label, 2.7, (60, 110, 150))
        paper.text(13.5, y - 0.3, value, 3.3)
    paper.text(26, 13.2, "民族", 2.7, (60, 110, 150))
    paper.text(35, 12.9, "汉", 3.3)
    paper.text(4.5, 19.8, "出生", 2.7, (60, 110, 150))
    birth = person.birth
    paper.text(13.5, 19.6, f"{birth[:4]} 年 {int(birth[4:6])} 月 {int(birth[6:])} 日", 3.0)
    paper.text(4.5, 26.6, "住址", 2.7, (60, 110, 150))
    paper.paragraph(13.5, 26.4, 38, person.address, 3.0)
    paper.text(4.5, 45.2, "公民身份号码", 2.7, (60, 110, 150))
    paper.text(29.5, 44.6, person.id_number, 4.4, bold=True)
    paper.portrait(56, 7.5, 25, 32, person)
    return paper.drawn(corner)


def _id_card_emblem(seed: int, person: SamplePerson) -> Drawn:
    width, height, corner = _CARD_MM
    paper = _Paper(width, height, (232, 228, 232))
    for band in range(0, 54, 2):
        paper.line(0, band, width, band + 9, (220, 216, 222), 0.5)
    # Of the emblem its place, size and colours only.
    x, y = _dots(14), _dots(14.5)
    for reach, ink in ((8.6, _RED), (6.6, (222, 178, 92)), (6.0, _RED), (2.0, (222, 178, 92))):
        paper.draw.ellipse((x - _dots(reach), y - _dots(reach), x + _dots(reach), y + _dots(reach)), fill=ink)
    for index, character in enumerate("中华人民共和国"):
        paper.text(29 + index * 6.9, 8.6, character, 5.2, bold=True)
    for index, character in enumerate("居民身份证"):
        paper.text(27.5 + index * 10.4, 16.4, character, 7.6, bold=True)
    day = random.Random(f"{seed}{person.id_number}").randint(101, 928)  # noqa: S311
    term = f"2016.{day // 100:02d}.{day % 28 + 1:02d}-2036.{day // 100:02d}.{day % 28 + 1:02d}"
    for row, label, value in ((39.3, "签发机关", "演示市公安局样例分局"), (45.3, "有效期限", term)):
        paper.text(18, row, label, 2.7)
        paper.text(34, row, value, 3.0)
    return paper.drawn(corner)


def _bank_card(seed: int, person: SamplePerson) -> Drawn:
    return _plain_card(seed, person, "演示银行", "借记卡 DEBIT", ((40, 92, 150), (28, 66, 120)))


def _social_security_card(seed: int, person: SamplePerson) -> Drawn:
    return _plain_card(seed, person, "社会保障卡", "演示市人力资源和社会保障局", ((208, 226, 236), (180, 208, 226)))


def _plain_card(seed: int, person: SamplePerson, title: str, below: str, grounds: tuple[Ink, Ink]) -> Drawn:
    width, height, corner = _CARD_MM
    chance = random.Random(f"{seed}{person.id_number}{title}")  # noqa: S311
    paper = _Paper(width, height, grounds[0])
    for band in range(-40, 90, 8):
        paper.line(band, height, band + 40, 0, grounds[1], 2.2)
    dark = sum(grounds[0]) < 450
    ink: Ink = (246, 248, 250) if dark else _BLACK
    paper.text(6, 5.5, title, 4.6, ink, bold=True)
    paper.text(6, 12, below, 2.5, ink)
    paper.box(7, 19.5, 12, 9, (150, 120, 50), (222, 190, 110))
    for y in (22.5, 25.5):
        paper.line(7, y, 19, y, (150, 120, 50))
    if dark:
        paper.text(6, 33, f"6200 0000 {chance.randint(0, 9999):04d} {chance.randint(0, 9999):04d} 000", 4.6, ink)
        paper.text(6, 43, f"持卡人 {person.name}", 3.0, ink)
    else:
        paper.text(6, 33, f"姓名 {person.name}", 3.2, ink)
        paper.text(6, 38.5, f"社会保障号码 {person.id_number}", 3.0, ink)
        paper.text(6, 44, f"卡号 SB{chance.randint(0, 9999999):07d}", 3.0, ink)
        paper.portrait(62, 9, 18, 23, person)
    return paper.drawn(corner)


def _household_register(seed: int, person: SamplePerson) -> Drawn:
    paper = _Paper(143, 105, (248, 243, 228))
    paper.text(71.5, 5, "常住人口登记卡", 5.4, bold=True, middle=True)
    left, top, row = 8.0, 14.5, 9.4
    sex = "男" if person.sex == "male" else "女"
    birth = f"{person.birth[:4]}年{int(person.birth[4:6])}月{int(person.birth[6:])}日"
    rows = (
        (("姓  名", person.name), ("户主或与户主关系", random.Random(seed).choice(("户主", "妻", "子", "女")))),  # noqa: S311
        (("曾 用 名", ""), ("性  别", sex)),
        (("出 生 地", "演示市样本区"), ("民  族", "汉族")),
        (("籍  贯", "演示省演示市"), ("出生日期", birth)),
        (("公民身份号码", person.id_number), ("身  高", "")),
        (("文化程度", "大学专科"), ("婚姻状况", "有配偶")),
        (("服务处所", "演示有限公司"), ("职  业", "职员")),
    )
    for number, cells in enumerate(rows):
        y = top + number * row
        for x, (label, value) in zip((left, left + 74), cells, strict=True):
            paper.box(x, y, 24 if x == left else 27, row)
            paper.box(x + (24 if x == left else 27), y, 50 if x == left else 26, row)
            paper.text(x + 1.5, y + 3, label, 3.0 if len(label) < 8 else 2.8)
            paper.text(x + (26 if x == left else 28), y + 2.9, value, 3.2 if len(value) < 12 else 3.0, _BLUE_INK)
    paper.box(left, top + 7 * row, 127, row)
    paper.text(left + 1.5, top + 7 * row + 3, f"何时由何地迁来本址  {person.address[:22]}", 2.9)
    paper.text(left, 95, "承办人签章：样 本", 3.0)
    paper.text(96, 95, "登记日期：2019年3月6日", 3.0)
    paper.seal(112, 88, 11, "演示户口专用")
    return paper.drawn()


def _application_form(seed: int, person: SamplePerson) -> Drawn:
    chance = random.Random(seed)  # noqa: S311
    paper = _Paper(210, 297)
    paper.text(105, 20, chance.choice(_FORM_TITLES), 7.2, bold=True, middle=True)
    paper.text(20, 34, f"编号：YS{chance.randint(100000, 999999)}", 3.4, _GREY)
    paper.text(138, 34, "填表日期： 2026 年 11 月 23 日", 3.4)
    sex = "男" if person.sex == "male" else "女"
    cells = [
        ("姓    名", person.name, "性    别", sex),
        ("出生日期", f"{person.birth[:4]}.{person.birth[4:6]}.{person.birth[6:]}", "民    族", "汉族"),
        ("公民身份号码", person.id_number, "联系电话", person.phone),
        ("户口所在地", "演示市样本区", "文化程度", "大专"),
        ("就业状态", "灵活就业", "参保情况", "已参保"),
    ]
    y = 42.0
    for label1, value1, label2, value2 in cells:
        for x, width, text, ink in (
            (20.0, 30.0, label1, _BLACK), (50.0, 58.0, value1, _BLUE_INK), (108.0, 26.0, label2, _BLACK),
            (134.0, 56.0, value2, _BLUE_INK),
        ):  # fmt: skip
            paper.box(x, y, width, 11)
            paper.text(x + 2.5, y + 3.7, text, 3.8, ink)
        y += 11
    for label, value, height in (
        ("现居住地址", person.address, 13.0), ("申请事项", "首次申领   □ 补领   □ 换领", 13.0),
        ("申请理由", "本人因业务需要，特申请办理上述事项，请予受理。", 38.0),
    ):  # fmt: skip
        paper.box(20, y, 30, height)
        paper.box(50, y, 140, height)
        paper.text(22.5, y + 4.2, label, 3.8)
        paper.paragraph(53, y + 4.2, 134, ("☑ " if label == "申请事项" else "") + value, 3.8, _BLUE_INK)
        y += height
    paper.box(20, y, 170, 52)
    paper.text(22.5, y + 4, "申请人承诺", 3.8, bold=True)
    promise = (
        "本人承诺所填内容及所交材料真实、有效；如有不实，愿意承担相应责任。本人同意经办机构通过数据共享方式"
        "核对有关信息，并知晓办理结果将由统一出件窗口或受理窗口交付。"
    )
    paper.paragraph(22.5, y + 13, 160, "    " + promise, 3.8)
    paper.text(112, y + 38, "申请人签名：", 3.8)
    paper.text(140, y + 36.5, person.name, 6.0, _BLUE_INK)
    y += 52
    paper.box(20, y, 170, 50)
    paper.text(22.5, y + 4, "经办机构意见（由工作人员填写）", 3.8, bold=True)
    for number, words in enumerate(("材料齐全，符合受理条件。  是 □   否 □", "经办人：              复核人：")):
        paper.text(28, y + 16 + 11 * number, words, 3.8)
    paper.seal(154, y + 30, 17, "演示街道便民服务")
    paper.text(20, 284, "第 1 页 共 1 页    本表为系统演示样本，人名、号码、地址均为虚构", 3.0, _GREY)
    return paper.drawn()


def _proof_letter(seed: int, person: SamplePerson) -> Drawn:
    chance = random.Random(seed)  # noqa: S311
    paper = _Paper(210, 297)
    paper.text(105, 44, chance.choice(_PROOF_TITLES), 10, bold=True, middle=True)
    sex = "男" if person.sex == "male" else "女"
    body = (
        f"    兹证明{person.name}，{sex}，公民身份号码{person.id_number}，现居住于{person.address}，"
        f"自{chance.randint(2008, 2024)}年起在本辖区居住并从事相关工作，所述情况属实。"
        "本证明仅用于办理街道便民服务中心受理事项，他用无效。"
    )
    end = paper.paragraph(30, 74, 152, body, 5.4)
    paper.text(40, end + 8, "特此证明。", 5.4)
    paper.text(112, end + 44, "双井街道演示社区居委会", 5.0)
    paper.text(126, end + 56, "2026年11月20日", 5.0)
    paper.seal(146, end + 50, 20, "演示社区居委会")
    paper.text(30, 272, f"联系人：样本  联系电话：{sample_person(seed + 1).phone}", 4.0, _GREY)
    return paper.drawn()


def _medical_receipt(seed: int, person: SamplePerson) -> Drawn:
    chance = random.Random(seed)  # noqa: S311
    paper = _Paper(210, 127, (252, 246, 244))
    paper.text(105, 8, "演示市医疗门诊收费票据（样本）", 6.2, (150, 50, 50), bold=True, middle=True)
    paper.text(12, 21, f"票据号码：{chance.randint(0, 99999999):08d}", 3.4)
    paper.text(12, 28, f"姓名：{person.name}", 3.6)
    paper.text(80, 28, "医保类型：城乡居民", 3.6)
    paper.text(148, 28, "2026-11-18", 3.6)
    paper.box(12, 36, 186, 66, (150, 50, 50))
    total = 0
    for number, name in enumerate(("西药费", "检查费", "化验费", "诊察费", "治疗费", "材料费")):
        fen = chance.randint(900, 68_000)
        total += fen
        x, y = 18 + 93 * (number % 2), 42 + 17 * (number // 2)
        paper.text(x, y, name, 3.8)
        paper.text(x + 48, y, f"{fen / 100:.2f}", 3.8)
        paper.line(12, y + 9, 198, y + 9, (210, 160, 160))
    paper.line(105, 36, 105, 96, (210, 160, 160))
    paper.text(18, 94, f"合计（小写） ¥ {total / 100:.2f}", 4.2, bold=True)
    paper.text(12, 110, "收款单位（章）：演示医院", 3.6)
    paper.text(110, 110, "收款人：样本", 3.6)
    paper.seal(168, 98, 14, "演示医院收费")
    return paper.drawn()


def _certificate(seed: int, person: SamplePerson) -> Drawn:
    chance = random.Random(seed)  # noqa: S311
    paper = _Paper(260, 185, (250, 246, 236))
    paper.box(8, 8, 244, 169, (170, 130, 70))
    paper.line(130, 8, 130, 177, (200, 180, 140))
    paper.text(191, 24, chance.choice(_CERTIFICATE_TITLES), 11, (150, 40, 40), bold=True, middle=True)
    paper.portrait(48, 34, 35, 45, person)
    paper.text(65, 86, f"证书编号 YS{chance.randint(10**7, 10**8 - 1)}", 4.0, middle=True)
    body = (
        f"    {person.name}，{'男' if person.sex == 'male' else '女'}，"
        f"{person.birth[:4]}年{int(person.birth[4:6])}月出生，经审核符合规定条件，准予发给本证。"
    )
    end = paper.paragraph(140, 58, 104, body, 5.6)
    paper.text(140, end + 6, f"公民身份号码 {person.id_number}", 4.4)
    paper.text(186, 140, "演示发证机关", 5.0)
    paper.text(186, 152, f"{chance.randint(2005, 2025)}年7月1日", 5.0)
    paper.seal(206, 146, 19, "演示发证专用")
    image, width, height, corner = paper.drawn()
    return image, width * 0.8, height * 0.8, corner  # drawn larger than it is: an open booklet of A6


def _photo(_seed: int, person: SamplePerson) -> Drawn:
    """Two photographs glued to their page, as halls take them: a loose one is lost, and too small to be found."""
    paper = _Paper(105, 148)
    paper.text(52.5, 14, "一寸照片粘贴页", 6.0, bold=True, middle=True)
    paper.text(14, 30, f"姓名：{person.name}", 4.2)
    paper.text(14, 39, f"公民身份号码：{person.id_number}", 4.2)
    for x in (17.0, 63.0):
        paper.box(x - 1, 55, 27, 37, (180, 182, 188), (255, 255, 255))
        paper.portrait(x, 56, 25, 35, person)
    paper.text(14, 112, "照片为近期免冠彩色证件照", 3.8)
    paper.text(14, 121, "背面已写姓名", 3.8)
    paper.text(14, 136, "系统演示样本，人像为绘制", 3.2, _GREY)
    return paper.drawn()


DRAWINGS: Final[dict[str, Callable[[int, SamplePerson], Drawn]]] = {
    "id_card": _id_card,
    "id_card_emblem": _id_card_emblem,
    "household_register": _household_register,
    "social_security_card": _social_security_card,
    "bank_card": _bank_card,
    "photo": _photo,
    "medical_receipt": _medical_receipt,
    "certificate": _certificate,
    "application_form": _application_form,
    "proof_letter": _proof_letter,
}
