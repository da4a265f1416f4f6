"""What the notifications service needs to start."""

from pydantic import Field

from shared.settings import ServiceSettings


class NotificationsSettings(ServiceSettings):
    """`ANSINH_SMS_URL` and how messages are worded and held back."""

    sms_url: str = Field(description="address of the SMS gateway, http://host:port")
    sms_marks: bool = Field(default=False, description="send Vietnamese with its marks: readable, dearer by about two")
    quiet_hours: bool = Field(default=True, description="keep messages back at night; off where nobody is woken")
