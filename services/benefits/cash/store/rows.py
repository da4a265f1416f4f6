"""The Core tables of cash assistance."""

from services.benefits.cash.tables import Application, Award, Decision
from services.benefits.metadata import core

application_table = core(Application)
decision_table = core(Decision)
award_table = core(Award)
