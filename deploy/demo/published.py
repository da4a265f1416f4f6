"""What was published about the province: the review of 2024 in the merged Phú Thọ, by households.

The counts are those of Report 324/BC-UBND of 25 December 2025; whatever the demonstration adds below these totals is
generated and says so.
"""

from dataclasses import dataclass

PROVINCE = "25"
REVIEW_YEAR = 2024
SOURCE = "Báo cáo 324/BC-UBND ngày 25/12/2025 của UBND tỉnh Phú Thọ, rà soát năm 2024"

PEOPLE = 4_022_600  # about, when the three provinces merged
HOUSEHOLDS = 997_683
POOR = 31_488
NEAR_POOR = 34_036

KINH = "01"


@dataclass(frozen=True)
class Side:
    """Kinh households or those of ethnic minorities."""

    households: int
    poor: int
    near_poor: int


KINH_SIDE = Side(households=753_218, poor=11_375, near_poor=13_202)
MINORITY_SIDE = Side(households=244_465, poor=20_113, near_poor=20_834)


@dataclass(frozen=True)
class Group:
    """An ethnic group: households and, of them, poor and near-poor together."""

    households: int
    listed: int


# The groups with the highest rates, published one by one; codes of the list of ethnic groups of 1979.
GROUPS = {
    "02": Group(households=8_507, listed=3_297),  # Tày
    "08": Group(households=1_740, listed=668),  # HMông
    "09": Group(households=8_672, listed=2_707),  # Dao
    "17": Group(households=1, listed=1),  # Chăm
}
# People of the groups whose households were not published; those of Sán Chay and Nùng are an estimate of ours.
PEOPLE_OF_OTHERS = {
    "06": 858_524,  # Mường
    "18": 46_823,  # Sán Dìu
    "03": 42_302,  # Thái
    "15": 5_000,  # Sán Chay, the Cao Lan among them
    "07": 1_600,  # Nùng
}
# How much likelier a household of the group is listed than the average of these groups, in per cent: our estimate.
HARDSHIP_OF_OTHERS = {"06": 100, "18": 35, "03": 105, "15": 90, "07": 80}
