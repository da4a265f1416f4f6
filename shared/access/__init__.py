"""Who may do what: roles, permissions, and the copy of the registry's grants that every service decides by."""

from shared.access.access import Access, AreaNotGranted
from shared.access.roles import PERMISSIONS, Permission, Reach, Role

__all__ = ["PERMISSIONS", "Access", "AreaNotGranted", "Permission", "Reach", "Role"]
