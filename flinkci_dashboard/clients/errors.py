"""What can go wrong when an outside service is asked: one family of errors. PURE"""


class ServiceError(Exception):
    """A call failed; the message says what to do and holds no secret."""


class NotAuthorizedError(ServiceError):
    """The service wants a sign-in, refused the token, or the token may not do this."""


class NotFoundError(ServiceError):
    """The service has no such thing (any more)."""


class RefusedError(ServiceError):
    """The service understood the request and said no; the message has its words."""


class InvalidError(RefusedError):
    """What was asked for is wrong in itself (a mistake in a pipeline, say): asked again, it is refused again."""


class UnavailableError(ServiceError):
    """The service did not answer, or not with what was asked for. Whether a write was carried out is unknown."""


class MovedError(UnavailableError):
    """It has another name by now, and we are not told which."""


class ThrottledError(UnavailableError):
    """The service wants to be left alone for longer than a call may wait; nothing was carried out."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds
