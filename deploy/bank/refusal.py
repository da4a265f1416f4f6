"""Why a file is not taken: an ISO status reason code and a sentence; nothing of the file was processed."""


class Refused(Exception):
    """A file that is not taken. `code` is an ISO 20022 external status reason code."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class KeyConflict(Exception):
    """This message id was received before with other bytes."""


class TooLate(Exception):
    """A delivery that was on its way when its sender was told that it never came."""
