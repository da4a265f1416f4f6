"""The table of permissions: which role may do what, and how far. `docs/access.md` is written from it.

Nobody's role both prepares and approves: `TWO_PEOPLE` names the pairs, and a test holds the table against them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What somebody is to the platform. A role is held through a grant, but `public`, which everybody holds."""

    COMMUNE_OFFICER = "commune_officer"
    APPROVER = "approver"
    PROVINCE_OFFICER = "province_officer"
    PROGRAMME_OFFICER = "programme_officer"
    ACCOUNTANT = "accountant"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    MACHINE_CLIENT = "machine_client"
    PUBLIC = "public"


GRANTABLE = tuple(role for role in Role if role is not Role.PUBLIC)


class Reach(StrEnum):
    """How far a permission goes.

    `area`: what belongs to the areas of one's grants and the communes in them. `platform`: what belongs to no area; it
    takes a grant without one. `own`: what one began oneself. `kind`: each kind of record takes a permission of its own.
    `self`: what concerns oneself, whoever is signed in. `open`: everybody, unasked.
    """

    AREA = "area"
    PLATFORM = "platform"
    OWN = "own"
    KIND = "kind"
    SELF = "self"
    OPEN = "open"


@dataclass(frozen=True)
class Permission:
    """The right to do something. `means` says it in a sentence for `docs/access.md`."""

    name: str
    reach: Reach
    roles: frozenset[Role]
    means: str


_OFFICER, _APPROVER, _PROVINCE = Role.COMMUNE_OFFICER, Role.APPROVER, Role.PROVINCE_OFFICER
_PROGRAMME, _ACCOUNTANT, _AUDITOR = Role.PROGRAMME_OFFICER, Role.ACCOUNTANT, Role.AUDITOR
_OPERATOR, _MACHINE = Role.OPERATOR, Role.MACHINE_CLIENT
_CASEWORK = (_OFFICER, _APPROVER, _PROVINCE, _PROGRAMME, _AUDITOR)

_TABLE: tuple[tuple[str, Reach, tuple[Role, ...], str], ...] = (
    ("system.read", Reach.OPEN, (), "health, and what explains the API"),
    ("reference.read", Reach.OPEN, (), "areas, published totals, standards, programmes, the event contract"),
    ("bank.call", Reach.OPEN, (), "calling as a bank, whose signature is asked for instead of a token"),
    ("figures.read", Reach.OPEN, (), "aggregated figures and the page that shows them"),
    ("access.read", Reach.SELF, (), "one's own grants and permissions"),
    ("households.read", Reach.AREA, (*_CASEWORK, _MACHINE), "households with members, classes and their history"),
    ("households.register", Reach.AREA, (_OFFICER,), "registering households"),
    ("households.change", Reach.AREA, (_OFFICER,), "telling what happened to households; undoing what is unconfirmed"),
    (
        "households.confirm",
        Reach.AREA,
        (_APPROVER,),
        "confirming that; approving mergers, and undoing what is confirmed",
    ),
    ("imports.read", Reach.OWN, (_OFFICER,), "lists of households that one sent, and what was refused of them"),
    ("imports.register", Reach.OWN, (_OFFICER,), "registering a list that one tried"),
    ("people.read", Reach.AREA, (*_CASEWORK, _MACHINE), "a person with contact and the end of the account number"),
    (
        "numbers.read",
        Reach.AREA,
        (_OFFICER, _APPROVER, _PROVINCE, _ACCOUNTANT),
        "identity and account numbers in full, for a purpose that stands on record",
    ),
    ("people.change", Reach.AREA, (_OFFICER,), "changing a person's name or phone"),
    ("duplicates.read", Reach.AREA, (_OFFICER, _APPROVER, _PROVINCE, _AUDITOR), "records that may be of one person"),
    ("duplicates.distinguish", Reach.AREA, (_OFFICER, _PROVINCE), "saying that two records are of two people"),
    ("duplicates.scan", Reach.PLATFORM, (_PROVINCE, _OPERATOR), "comparing everybody anew"),
    ("accounts.prepare", Reach.AREA, (_OFFICER,), "proposing where a person is paid"),
    ("accounts.approve", Reach.AREA, (_APPROVER,), "approving where a person is paid"),
    ("assessments.record", Reach.AREA, (_OFFICER,), "recording what a review found"),
    ("standards.simulate", Reach.AREA, (_PROVINCE,), "trying another standard on households, which stay as they are"),
    ("rounds.read", Reach.AREA, _CASEWORK, "review rounds with cases, meetings, postings and their papers"),
    ("rounds.run", Reach.AREA, (_OFFICER,), "running review rounds up to the decision, and issuing certificates"),
    ("decisions.read", Reach.AREA, (*_CASEWORK, _MACHINE), "decisions of communes"),
    ("decisions.decide", Reach.AREA, (_APPROVER,), "deciding the class of households"),
    ("areas.administer", Reach.PLATFORM, (_PROVINCE, _OPERATOR), "stating areas and published totals"),
    (
        "reorganisations.read",
        Reach.PLATFORM,
        (_APPROVER, _PROVINCE, _AUDITOR, _OPERATOR),
        "what a reorganisation would do, or did, unit by unit",
    ),
    ("areas.approve", Reach.PLATFORM, (_APPROVER,), "approving that a reorganisation is done, and that it stands"),
    ("forms.read", Reach.PLATFORM, (_APPROVER, _PROVINCE, _AUDITOR), "point tables of form B1 that wait"),
    ("forms.load", Reach.PLATFORM, (_PROVINCE,), "proposing official point tables of form B1"),
    ("forms.approve", Reach.PLATFORM, (_APPROVER,), "approving that they are loaded"),
    ("grants.read", Reach.AREA, (_PROVINCE, _AUDITOR, _OPERATOR), "who holds which role where"),
    ("grants.prepare", Reach.AREA, (_OPERATOR,), "proposing that somebody gets a role"),
    ("grants.approve", Reach.AREA, (_PROVINCE,), "approving what another person proposed"),
    ("grants.revoke", Reach.AREA, (_PROVINCE, _OPERATOR), "taking a role back, at once"),
    ("applications.read", Reach.AREA, _CASEWORK, "applications with reason sheets"),
    ("applications.prepare", Reach.AREA, (_OFFICER, _PROGRAMME), "taking applications"),
    ("applications.decide", Reach.AREA, (_APPROVER,), "deciding on applications"),
    ("awards.read", Reach.AREA, (*_CASEWORK, _ACCOUNTANT, _MACHINE), "awards"),
    ("awards.release", Reach.AREA, (_APPROVER,), "letting an award fall due again that was held after a merger"),
    ("payments.read", Reach.AREA, (*_CASEWORK, _ACCOUNTANT), "runs, orders and attempts to pay"),
    ("runs.prepare", Reach.AREA, (_ACCOUNTANT,), "preparing a run, in every commune that it pays"),
    ("runs.approve", Reach.AREA, (_APPROVER,), "approving a run, in every commune that it pays"),
    ("runs.stop", Reach.AREA, (_ACCOUNTANT, _APPROVER), "pausing a run, holding an order; to go on takes an approval"),
    ("funds.read", Reach.PLATFORM, (_APPROVER, _PROVINCE, _ACCOUNTANT, _AUDITOR), "the accounts that pay"),
    ("funds.prepare", Reach.PLATFORM, (_ACCOUNTANT,), "funds, contributions; proposing budgets and accounts that pay"),
    ("funds.approve", Reach.PLATFORM, (_APPROVER,), "approving budgets and accounts that pay"),
    ("channels.halt", Reach.PLATFORM, (_ACCOUNTANT, _APPROVER, _OPERATOR), "letting nothing more go to a bank"),
    ("bank_messages.read", Reach.PLATFORM, (_ACCOUNTANT, _AUDITOR), "what banks sent, as it came"),
    ("bank_messages.handle", Reach.PLATFORM, (_ACCOUNTANT,), "putting in, trying again, setting aside what banks sent"),
    ("ledger.read", Reach.PLATFORM, (_PROVINCE, _ACCOUNTANT, _AUDITOR), "the books and their checks"),
    ("messages.read", Reach.AREA, (_OFFICER, _PROVINCE, _AUDITOR), "messages to households"),
    ("changes.read", Reach.AREA, (_AUDITOR, _MACHINE), "the journal of events"),
    ("proposals.read", Reach.KIND, (), "what waits for a second person, of the kinds that one may read"),
    ("proposals.decide", Reach.KIND, (), "approving or refusing it; withdrawing one's own"),
    ("jobs.read", Reach.OWN, GRANTABLE, "long work, its progress and result"),
    ("dead_letters.read", Reach.PLATFORM, (_AUDITOR, _OPERATOR), "events that could not be handled, without data"),
    ("dead_letters.administer", Reach.PLATFORM, (_OPERATOR,), "replaying and discarding them"),
)

PERMISSIONS: Mapping[str, Permission] = MappingProxyType(
    {
        name: Permission(name, reach, frozenset((Role.PUBLIC,) if reach is Reach.OPEN else roles), means)
        for name, reach, roles, means in _TABLE
    }
)

# What one person prepares and another approves: no role holds both.
TWO_PEOPLE: tuple[tuple[str, str], ...] = (
    ("grants.prepare", "grants.approve"),
    ("assessments.record", "decisions.decide"),
    ("rounds.run", "decisions.decide"),
    ("applications.prepare", "applications.decide"),
    ("runs.prepare", "runs.approve"),
    ("funds.prepare", "funds.approve"),
    ("accounts.prepare", "accounts.approve"),
    ("households.change", "households.confirm"),
    ("areas.administer", "areas.approve"),
    ("forms.load", "forms.approve"),
    ("funds.prepare", "runs.approve"),
)
