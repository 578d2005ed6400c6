"""Errors of the domain, and the status and words each one becomes."""


class DomainError(Exception):
    """Something a person asked for that cannot be done, with the reason in their language."""

    status = 422

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class NotFound(DomainError):
    """No such record in this organisation, or not for this person to see."""

    status = 404


class Forbidden(DomainError):
    """The record exists and the person may see it, but not do this."""

    status = 403


class Conflict(DomainError):
    """Somebody was faster: the record is no longer the one that was shown."""

    status = 409


class WrongPassword(DomainError):
    """The password given for a signature is not the signer's."""


class RefusedMove(DomainError):
    """A guard said no; `reasons` are in words, in the person's language."""

    status = 409

    def __init__(self, title: str, reasons: list[str]) -> None:
        super().__init__(title)
        self.reasons = reasons


class InvalidInput(DomainError):
    """Typed values that cannot be accepted: field name → messages."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        super().__init__("; ".join(message for messages in fields.values() for message in messages))
        self.fields = fields
