"""How acts are tried one after another: recorded, done, settled, and stopped when a service fails too often."""

from collections.abc import Callable

from flinkci_dashboard.clients.errors import NotAuthorizedError, ServiceError, ThrottledError, UnavailableError
from flinkci_dashboard.jobs.ledger import Intent, Ledger
from flinkci_dashboard.jobs.run import Pass
from flinkci_dashboard.models import Action

MAX_TROUBLES = 3  # failures in a row after which a service is left to the next pass


class Troubles:
    """Failures in a row: after some, or a refusal for the sake of limits, a service is left to the next pass."""

    def __init__(self, current: Pass, most: int = MAX_TROUBLES) -> None:
        self.current, self.most = current, most
        self.stopped = False
        self._row = 0

    def note(self, what: str, error: ServiceError) -> None:
        """Record a failure. What a service refuses is the matter of one item; the next one may fare better."""
        self.current.fail(f"{what}: {error}")
        serious = isinstance(error, UnavailableError | NotAuthorizedError)
        self._row = self._row + 1 if serious else 0
        self.stopped = self._row >= self.most or isinstance(error, ThrottledError)

    def over(self) -> None:
        """Note that something succeeded."""
        self._row = 0


class Attempts:
    """Tries acts one after another. Failures are recorded, and do not stop the others."""

    def __init__(self, current: Pass, ledger: Ledger, most: int = MAX_TROUBLES) -> None:
        self.current, self.ledger = current, ledger
        self.problem = ""  # what the last failure was
        self._troubles = Troubles(current, most)

    @property
    def stopped(self) -> bool:
        """Tell whether the service takes no more in this pass."""
        return self._troubles.stopped

    def attempt(self, intent: Intent, do: Callable[[Action], None]) -> Action | None:
        """Record an act, do it and settle it; returns its record, or None when it was not tried.

        `do` may settle it together with the rows that follow from it. It raises the errors of the clients.
        """
        action = None if self.stopped else self.ledger.begin(intent)
        if action is None:
            return None
        try:
            do(action)
        except ServiceError as error:
            # Without an answer, whether it was carried out is for the next pass to find out.
            if isinstance(error, ThrottledError):
                self.ledger.put_off(action, answer=str(error))
            elif not isinstance(error, UnavailableError):
                self.ledger.failed(action, answer=str(error))
            self.problem = str(error)
            self._troubles.note(intent.subject, error)
            return action
        self._troubles.over()
        if action.state == Action.State.PENDING:
            self.ledger.done(action)
        return action
