"""Two people: one prepares, another approves exactly what was seen.

Every operation that moves money, changes where money goes, merges people or grants a right is a *proposal* first. Its
content is hashed; who approves sends the hash of what was on the screen, and what is done then is that content or
nothing. The database itself refuses an approval by the preparer.
"""

from shared.approvals.proposals import Draft, Proposal
from shared.approvals.store import approve, is_as_proposed, propose, propose_of_new, refuse

__all__ = ["Draft", "Proposal", "approve", "is_as_proposed", "propose", "propose_of_new", "refuse"]
