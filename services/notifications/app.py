"""The notifications service: who is told what, by short message, once."""

from fastapi import FastAPI

from services.notifications.addressing import Addressing
from services.notifications.api.messages import messages_router
from services.notifications.consumers import CONTACTS, messages_consumer
from services.notifications.delivery import Delivery
from services.notifications.domain.quiet_hours import load_quiet_hours
from services.notifications.domain.templates import load_templates
from services.notifications.gateway import Gateway
from services.notifications.sending import Sending
from services.notifications.settings import NotificationsSettings
from services.notifications.store.messages import homes
from shared import clock
from shared.service import ServiceDefinition, build_app
from shared.workers import Worker

_INTERVAL = 0.5  # seconds between two looks when there is nothing to do


def definition(settings: NotificationsSettings) -> ServiceDefinition:
    """Return what the service is made of.

    Raises:
        BadTemplate: a template must not be used.
    """
    gateway = Gateway(settings.sms_url)
    quiet = load_quiet_hours() if settings.quiet_hours else ()
    addressing = Addressing(load_templates(), quiet, settings.sms_marks, clock.now)
    return ServiceDefinition(
        name="notifications",
        title="Ansinh: thông báo",
        routers=[messages_router()],
        homes=homes(),
        consumers=[CONTACTS, messages_consumer(clock.now)],
        workers=[
            Worker("notifications.address", addressing.step, _INTERVAL),
            Worker("notifications.send", Sending(gateway, quiet, clock.now).step, _INTERVAL),
            Worker("notifications.delivery", Delivery(gateway, clock.now).step, _INTERVAL),
        ],
    )


def build(settings: NotificationsSettings) -> FastAPI:
    """Return the service's app."""
    return build_app(definition(settings), settings)
