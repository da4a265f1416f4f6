"""What the communes are like: land, size, who lives there, how hard life is. Estimates of ours, for a likely picture.

Codes run by former districts, so a place is described from its first code on; communes that differ stand by themselves.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

Land = Literal["town", "plain", "hills", "mountains", "highlands"]


@dataclass(frozen=True)
class Place:
    """`size` and `hardship` are relative numbers; `groups` are shares of households in a thousand, by ethnic group."""

    land: Land
    size: int
    hardship: int
    groups: dict[str, int]


_BY_FIRST_CODE: tuple[tuple[str, Place], ...] = (
    ("04792", Place("town", 90, 40, {"01": 650, "06": 320, "09": 15, "02": 10, "03": 5})),  # Hòa Bình
    ("04831", Place("highlands", 35, 300, {"02": 420, "06": 380, "09": 150, "01": 50})),  # Đà Bắc
    ("04894", Place("hills", 50, 80, {"06": 600, "01": 370, "09": 30})),  # Kỳ Sơn
    ("04924", Place("hills", 70, 70, {"06": 680, "01": 310, "09": 10})),  # Lương Sơn
    ("04978", Place("mountains", 50, 180, {"06": 850, "01": 100, "09": 50})),  # Kim Bôi
    ("05089", Place("mountains", 40, 140, {"06": 740, "01": 220, "09": 40})),  # Cao Phong
    ("05128", Place("mountains", 45, 200, {"06": 860, "01": 120, "03": 20})),  # Tân Lạc
    ("05200", Place("highlands", 35, 180, {"03": 600, "06": 220, "01": 130, "09": 20, "02": 20, "08": 10})),  # Mai Châu
    ("05266", Place("mountains", 50, 220, {"06": 910, "01": 90})),  # Lạc Sơn
    ("05353", Place("mountains", 55, 140, {"06": 690, "01": 310})),  # Yên Thủy
    ("05392", Place("hills", 55, 110, {"01": 520, "06": 480})),  # Lạc Thủy
    ("07894", Place("town", 150, 20, {"01": 984, "06": 10, "02": 3, "07": 2, "17": 1})),  # Việt Trì
    ("07942", Place("town", 80, 30, {"01": 990, "06": 10})),  # Phú Thọ town
    ("07969", Place("hills", 60, 70, {"01": 940, "15": 45, "06": 8, "02": 5, "07": 2})),  # Đoan Hùng
    ("08053", Place("hills", 50, 80, {"01": 980, "06": 15, "02": 5})),  # Hạ Hòa
    ("08152", Place("hills", 50, 70, {"01": 990, "06": 10})),  # Thanh Ba
    ("08230", Place("hills", 60, 50, {"01": 978, "06": 17, "15": 5})),  # Phù Ninh
    ("08290", Place("mountains", 45, 160, {"06": 720, "01": 200, "09": 80})),  # Yên Lập
    ("08341", Place("hills", 60, 80, {"01": 978, "06": 22})),  # Cẩm Khê
    ("08434", Place("hills", 60, 50, {"01": 985, "06": 15})),  # Tam Nông
    ("08494", Place("plain", 70, 30, {"01": 995, "06": 5})),  # Lâm Thao
    ("08542", Place("mountains", 45, 170, {"06": 640, "01": 300, "09": 60})),  # Thanh Sơn, Tân Sơn
    ("08662", Place("hills", 60, 60, {"01": 780, "06": 220})),  # Thanh Thủy
    ("08707", Place("town", 140, 10, {"01": 990, "18": 7, "06": 3})),  # Vĩnh Yên
    ("08740", Place("town", 120, 15, {"01": 985, "18": 15})),  # Phúc Yên
    ("08761", Place("hills", 70, 40, {"01": 960, "18": 20, "15": 12, "09": 8})),  # Lập Thạch, Sông Lô
    ("08869", Place("plain", 80, 20, {"01": 985, "18": 15})),  # Tam Dương
    ("08911", Place("mountains", 60, 50, {"01": 560, "18": 435, "09": 5})),  # Tam Đảo
    ("08935", Place("plain", 80, 20, {"01": 955, "18": 45})),  # Bình Xuyên
    ("09025", Place("plain", 90, 12, {"01": 998, "06": 2})),  # Yên Lạc, Vĩnh Tường
)
_BY_CODE = {
    "05047": Place("hills", 70, 90, {"06": 600, "01": 400}),  # Cao Dương
    "05212": Place("highlands", 20, 340, {"08": 820, "09": 80, "03": 60, "01": 40}),  # Pà Cò
    "08311": Place("highlands", 30, 280, {"06": 500, "09": 300, "08": 130, "01": 70}),  # Trung Sơn
    "08515": Place("plain", 60, 25, {"01": 990, "06": 10}),  # Hy Cương
    "08545": Place("highlands", 40, 260, {"06": 700, "01": 150, "08": 90, "09": 60}),  # Thu Cúc
    "08560": Place("highlands", 35, 220, {"06": 800, "01": 120, "09": 60, "08": 20}),  # Lai Đồng
    "08566": Place("mountains", 45, 190, {"06": 790, "01": 140, "09": 60, "08": 10}),  # Tân Sơn
    "08590": Place("highlands", 35, 240, {"06": 830, "09": 100, "01": 70}),  # Xuân Đài
    "08620": Place("highlands", 30, 250, {"06": 800, "09": 140, "01": 60}),  # Long Cốc
    "08914": Place("mountains", 60, 80, {"18": 850, "01": 145, "09": 5}),  # Đạo Trù
}
_FIRST_CODES = [code for code, _ in _BY_FIRST_CODE]


def place(code: str) -> Place:
    """Return what the commune of a code is like."""
    return _BY_CODE.get(code) or _BY_FIRST_CODE[bisect_right(_FIRST_CODES, code) - 1][1]


def size(code: str) -> int:
    """Return how large a commune is beside others; neighbours are not all alike."""
    return place(code).size * (80 + int(code) * 7919 % 41)


def hardship(code: str) -> int:
    """Return how likely a household of a commune is poor beside one elsewhere."""
    return place(code).hardship * (70 + int(code) * 6133 % 61)
