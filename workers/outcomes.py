"""What a provider's answer means, in the words of routing/sending.py. Only a channel knows its provider's codes."""

from dataclasses import dataclass
from datetime import timedelta

from routing.sending import Fault


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider took it; `provider_id` is its name for the message. `problem`: what the operator should mend all the same."""

    provider: str
    provider_id: str | None
    status: int = 200
    problem: str | None = None


class NotAccepted(Exception):
    """The call did not end in "accepted". `code` is the provider's, `reason` in words without any address or body."""

    fault = Fault.NOT_SENT

    def __init__(
        self, reason: str, *, code: str | None = None, status: int | None = None, retry_after: timedelta | None = None
    ) -> None:
        self.reason, self.code, self.status, self.retry_after = reason, code, status, retry_after
        super().__init__(reason)


class NotSent(NotAccepted):
    """No connection, or we were stopped before we wrote: the provider never saw it."""


class NotProcessed(NotAccepted):
    """429: the provider says "later" and has certainly done nothing."""

    fault = Fault.THROTTLED


class Ambiguous(NotAccepted):
    """It may have gone out: no answer in time, a broken connection after the write, or an error of the provider's own."""

    fault = Fault.AMBIGUOUS


class SendFailed(NotAccepted):
    """A clear no. `permanent` is about this message; `configuration` about every one; `opted_out`: the person said STOP."""

    def __init__(
        self, reason: str, *, code: str | None = None, status: int | None = None,
        permanent: bool = True, configuration: bool = False, opted_out: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(reason, code=code, status=status)
        self.permanent, self.configuration, self.opted_out = permanent, configuration, opted_out
        self.fault = Fault.CONFIGURATION if configuration else Fault.OPTED_OUT if opted_out else Fault.PERMANENT
