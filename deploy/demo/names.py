"""Names as people of the province bear them, by ethnic group, sex and generation. Nobody in particular is meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

_MODERN_SINCE = 1980


@dataclass(frozen=True)
class _Names:
    """Family names; middle and given names of men and of women."""

    families: Sequence[str]
    male_middles: Sequence[str]
    female_middles: Sequence[str]
    male: Sequence[str]
    female: Sequence[str]


_MALE_MIDDLES = ("Văn", "Văn", "Văn", "Đức", "Hữu", "Xuân", "Quang", "Ngọc", "Minh", "Công", "Đình", "Thanh")
_FEMALE_MIDDLES = ("Thị", "Thị", "Thị", "Thị", "Thị", "Thu", "Ngọc", "Kim", "Hồng", "Thanh", "Bích")
_MALE = (
    "An", "Bình", "Chiến", "Cường", "Dũng", "Đạt", "Đông", "Giang", "Hải", "Hiếu", "Hoàn", "Hùng", "Huy", "Khánh",
    "Kiên", "Long", "Lực", "Mạnh", "Nam", "Nghĩa", "Phong", "Phúc", "Quân", "Quyết", "Sơn", "Tài", "Tâm", "Thắng",
    "Thành", "Tiến", "Toàn", "Trung", "Trường", "Tuấn", "Tùng", "Việt", "Vinh",
)  # fmt: skip
_FEMALE = (
    "Anh", "Bình", "Châm", "Chinh", "Dung", "Duyên", "Giang", "Hà", "Hạnh", "Hằng", "Hiền", "Hoa", "Hòa", "Huệ",
    "Hương", "Huyền", "Lan", "Liên", "Linh", "Loan", "Mai", "Minh", "Nga", "Ngân", "Nhung", "Oanh", "Phương", "Quyên",
    "Thảo", "Thơm", "Thu", "Thúy", "Trang", "Tuyết", "Vân", "Xuân", "Yến",
)  # fmt: skip
_OLD_MALE = (
    "Bảo",
    "Chất",
    "Chính",
    "Định",
    "Hợi",
    "Khải",
    "Lộc",
    "Mùi",
    "Ngọ",
    "Ổn",
    "Sửu",
    "Thìn",
    "Thuận",
    "Tỵ",
    "Ước",
)
_OLD_FEMALE = (
    "Bưởi",
    "Cúc",
    "Dần",
    "Gái",
    "Hến",
    "Hợi",
    "Lành",
    "Mận",
    "Mến",
    "Nhàn",
    "Nụ",
    "Sen",
    "Tẹo",
    "Thoa",
    "Tý",
    "Vóc",
)

_KINH = _Names(
    ("Nguyễn", "Nguyễn", "Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương", "Đào",
     "Trịnh", "Lưu", "Phan", "Tạ", "Chu", "Cao", "Kiều", "Khổng", "Phùng", "Triệu", "Đinh"),
    _MALE_MIDDLES, _FEMALE_MIDDLES, _MALE, _FEMALE,
)  # fmt: skip
_BY_GROUP = {
    "01": _KINH,
    "06": _Names(  # Mường
        ("Bùi", "Bùi", "Bùi", "Đinh", "Đinh", "Quách", "Hà", "Hà", "Bạch", "Nguyễn", "Hoàng", "Phùng", "Trương",
         "Phạm"),
        _MALE_MIDDLES, _FEMALE_MIDDLES, (*_MALE, "Ảo", "Ệu", "Nhẫn", "Thược"),
        (*_FEMALE, "Ển", "Dín", "Ngoan", "Thiểm"),
    ),
    "02": _Names(  # Tày
        ("Xa", "Xa", "Lường", "Hà", "Hoàng", "Nông", "Ma", "Vi", "Bế", "Lương"),
        ("Văn", "Văn", "Đức", "Hồng", "Công"), ("Thị", "Thị", "Thị", "Thu"), (*_MALE, "Pẩu", "Tiệp"),
        (*_FEMALE, "Nhình", "Lả"),
    ),
    "03": _Names(  # Thái
        ("Hà", "Hà", "Lò", "Vì", "Khà", "Ngần", "Lộc", "Lường", "Mùi"),
        ("Văn", "Công", "Đức"), ("Thị",), (*_MALE, "Ún", "Panh", "Xuân"), (*_FEMALE, "Ón", "Inh", "Pạo", "Xoan"),
    ),
    "07": _Names(  # Nùng
        ("Nông", "Lương", "Hoàng", "Vi", "Lục", "Lý"), ("Văn", "Đức"), ("Thị",), _MALE, _FEMALE
    ),
    "08": _Names(  # HMông
        ("Sùng", "Giàng", "Khà", "Vàng", "Mùa", "Thào", "Hạng", "Phàng"),
        ("A", "A", "A", "Y"), ("Thị", "Y"),
        ("Chu", "Dế", "Dia", "Gia", "Giống", "Lau", "Lử", "Páo", "Sếnh", "Sình", "Súa", "Thắng", "Tủa", "Vàng"),
        ("Chư", "Dợ", "Dua", "Gâu", "Mai", "Mảy", "Mỷ", "Pà", "Say", "Sua", "Xê"),
    ),
    "09": _Names(  # Dao
        ("Triệu", "Triệu", "Bàn", "Đặng", "Lý", "Dương", "Phùng", "Phạm"),
        ("Văn", "Tài", "Kim", "Tiến", "Quý", "Đức", "Phúc"), ("Thị", "Thị", "Mùi", "Kim"),
        ("Chiêu", "Hương", "Kinh", "Lâm", "Minh", "Phẩm", "Phú", "Quang", "Thăng", "Thành", "Tiên", "Vượng"),
        ("Chài", "Lai", "Liều", "Lưu", "Mụi", "Nái", "Nhất", "Pham", "Sính", "Tình", "Xuân"),
    ),
    "15": _Names(  # Sán Chay, in Phú Thọ the Cao Lan
        ("Trần", "Hoàng", "Lâm", "Ninh", "La", "Sầm", "Lục", "Tiêu", "Đặng"),
        ("Văn", "Văn", "Quang", "Xuân"), ("Thị",), _MALE, _FEMALE,
    ),
    "18": _Names(  # Sán Dìu
        ("Lưu", "Lê", "Trương", "Dương", "Tạ", "Ninh", "Lâm", "Diệp", "Từ", "Lục", "Đỗ", "Trần", "Lý"),
        ("Văn", "Văn", "Xuân", "Quang"), ("Thị",), _MALE, _FEMALE,
    ),
    "17": _Names(  # Chăm
        ("Đàng", "Thập", "Báo", "Quảng"), ("Văn", "Ngọc"), ("Thị",), _MALE, _FEMALE
    ),
}  # fmt: skip


def family_name(chance: Random, group: str) -> str:
    """Return a family name of an ethnic group."""
    return chance.choice(_BY_GROUP[group].families)


def full_name(chance: Random, group: str, family: str, sex: str, born_in: int) -> str:
    """Return a name of somebody of a family, as was usual in the year of birth."""
    names = _BY_GROUP[group]
    if sex == "male":
        middle, given = chance.choice(names.male_middles), names.male
    else:
        middle, given = chance.choice(names.female_middles), names.female
    if born_in < _MODERN_SINCE and group not in ("08", "09") and chance.random() < 0.5:
        given, middle = (_OLD_MALE, "Văn") if sex == "male" else (_OLD_FEMALE, "Thị")
    return f"{family} {middle} {chance.choice(given)}"
