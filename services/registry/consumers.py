"""What the registry hears from others: what banks said of the accounts that it keeps."""

from services.registry.store.account_history import keep_checks
from services.registry.tables import ACCOUNT_CHECKS
from shared.events.benefits import AccountChecked
from shared.messaging.consumers import Consumer

ACCOUNTS_CHECKED = Consumer(
    name="registry.account_checks",
    kind="projector",
    handles=(AccountChecked,),
    handler=keep_checks,
    tables=(ACCOUNT_CHECKS,),
)
