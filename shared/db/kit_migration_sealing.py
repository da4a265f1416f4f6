"""The step from numbers in the clear to sealed ones. It takes no old data: they stand in the clear in the log too."""

from alembic import op
from sqlalchemy import text

from shared.db.migrations import MigrationFailed

_KIT = ("proposals", "idempotency_keys", "dead_letters")


def refuse_what_is_in_the_clear(*tables: str) -> None:
    """Refuse a database that was used before values were sealed; `tables` are the service's own that hold them.

    Raises:
        MigrationFailed: one of the tables has a row.
    """
    for table in (*_KIT, *tables):
        query = text(f"SELECT EXISTS (SELECT FROM {table})")  # noqa: S608 - our own names
        if op.get_bind().execute(query).scalar_one():
            raise MigrationFailed(
                f"Dữ liệu ở đây (bảng {table}) có từ trước khi số định danh và tài khoản được mã hoá; hãy bắt đầu lại "
                "với cơ sở dữ liệu và nhật ký sự kiện trống (trên một máy: xoá thư mục .ansinh). / The data here "
                f"(table {table}) are from before identity and account numbers were encrypted: start with empty "
                "databases and an empty event log (on one machine: remove the folder .ansinh)"
            )
