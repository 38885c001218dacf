"""Why a request is refused: a status and a sentence a stranger can act on. Never what was in the request."""


class Refused(Exception):
    """A request we do not take. `what` is wrong, `where` it is, how to `mend` it; `headers` go along with the answer."""

    status = 400

    def __init__(
        self, what: str, *, where: str = "the request", mend: str = "", headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.what, self.where, self.mend, self.headers = what, where, mend, headers
        super().__init__(f"{what} ({where})")


class Robot(Exception):
    """Nobody wrote this; `sign` says what gave the robot away. It is answered as if it had been taken."""

    def __init__(self, sign: str) -> None:
        self.sign = sign
        super().__init__(sign)


class Unreadable(Refused):
    """The body is not what its content type says, or no sane value."""


class NotSigned(Refused):
    """The source has a secret and the request carries no signature."""

    status = 401


class NotGenuine(Refused):
    """The signature, token or origin is wrong."""

    status = 403


class Unknown(Refused):
    """There is no such source, step or message."""

    status = 404


class WrongMethod(Refused):
    """The route exists, the method does not."""

    status = 405


class Conflicting(Refused):
    """The same key came before with another body."""

    status = 409


class TooLarge(Refused):
    """The body is longer than a lead can be."""

    status = 413


class WrongType(Refused):
    """A content type this source does not speak."""

    status = 415


class TooMany(Refused):
    """More in a minute than the team file allows."""

    status = 429


class NotRecorded(Refused):
    """Our own fault: it could not be written down, so it must be sent again."""

    status = 503
