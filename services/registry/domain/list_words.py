"""The words of lists as communes write them: Vietnamese headings and values beside the names and codes of the API."""

from collections.abc import Mapping
from functools import lru_cache

from shared.text import fold

# The first heading of a column is ours; the others are read too.
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "household": ("Mã hộ", "Số hộ", "Hộ"),
    "area_code": ("Mã xã", "Mã đơn vị hành chính", "Mã ĐVHC"),
    "registered_on": ("Ngày lập sổ", "Ngày đăng ký"),
    "full_name": ("Họ và tên", "Họ tên"),
    "sex": ("Giới tính",),
    "birth_date": ("Ngày sinh", "Ngày tháng năm sinh"),
    "ethnicity": ("Dân tộc", "Mã dân tộc"),
    "relationship": ("Quan hệ với chủ hộ", "Quan hệ"),
    "phone": ("Số điện thoại", "Điện thoại"),
    "personal_number": ("Số định danh cá nhân", "Số CCCD", "CCCD", "Số định danh"),
    "bank_bin": ("Mã ngân hàng", "BIN ngân hàng"),
    "account_number": ("Số tài khoản",),
    "account_holder": ("Chủ tài khoản", "Tên chủ tài khoản"),
    "authorised_name": ("Người được ủy quyền", "Họ tên người được ủy quyền"),
    "authorised_number": ("Số định danh người được ủy quyền", "CCCD người được ủy quyền"),
    "authorised_document": ("Giấy tờ ủy quyền", "Loại giấy tờ ủy quyền"),
    "authorised_document_number": ("Số giấy tờ ủy quyền", "Số giấy ủy quyền"),
    "authorised_document_date": ("Ngày giấy tờ ủy quyền", "Ngày giấy ủy quyền"),
    "authorised_from": ("Ủy quyền từ ngày",),
    "authorised_to": ("Ủy quyền đến ngày", "Ủy quyền đến hết ngày"),
    "line": ("Dòng",),
    "error_vi": ("Lỗi",),
    "mend_vi": ("Cách sửa",),
    "error_en": ("Error",),
    "mend_en": ("How to mend it",),
}
_BY_HEADING = {fold(written): name for name, headings in _HEADINGS.items() for written in (name, *headings)}

# Codes 1 and 2, 1 to 7 are those of the ministry's software.
_VALUES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "sex": {"male": ("nam", "1"), "female": ("nữ", "2"), "unknown": ("không rõ", "0")},
    "relationship": {
        "head": ("chủ hộ", "1"),
        "spouse": ("vợ", "chồng", "vợ/chồng", "vợ chồng", "2"),
        "child": ("con", "con đẻ", "con nuôi", "3"),
        "parent": ("bố", "mẹ", "cha", "bố/mẹ", "bố mẹ", "cha mẹ", "4"),
        "grandparent": ("ông", "bà", "ông/bà", "ông bà", "5"),
        "grandchild": ("cháu", "cháu nội", "cháu ngoại", "6"),
        "other": ("khác", "quan hệ khác", "7"),
    },
    "authorised_document": {
        "power_of_attorney": ("giấy ủy quyền", "văn bản ủy quyền"),
        "guardianship": ("quyết định giám hộ", "giám hộ"),
        "court_decision": ("quyết định của tòa án", "quyết định tòa án"),
        "other": ("giấy tờ khác", "khác"),
    },
}
_BY_VALUE = {
    column: {fold(written): code for code, words in values.items() for written in words}
    for column, values in _VALUES.items()
}
_folded = lru_cache(maxsize=1_000)(fold)  # the same few words in every row
# Digits of what is written with zeros in front, which spreadsheets drop from a cell that they take for a number.
_DIGITS = {"area_code": 5, "ethnicity": 2, "phone": 10, "personal_number": 12, "authorised_number": 12}


def column_of(heading: str) -> str:
    """Return the column that a heading names, whatever its marks and case; an unknown heading in lower case."""
    folded = fold(heading)
    return _BY_HEADING.get(folded, folded)


def heading_of(column: str) -> str:
    """Return the Vietnamese heading of a column of ours."""
    return _HEADINGS[column][0]


def value_of(column: str, written: str) -> str:
    """Return what is written in a column as the API has it: `Nữ` is `female`, and a zero that was dropped is back."""
    if len(written) == _DIGITS.get(column, 0) - 1 and written.isdigit():
        return f"0{written}"
    words = _BY_VALUE.get(column)
    return written if words is None else words.get(_folded(written), written)


def word_of(column: str, code: str) -> str:
    """Return the Vietnamese word for a code of a column; a code without one as it is."""
    return _VALUES.get(column, {}).get(code, (code,))[0]
