"""Strict routes: an unknown path is a 404, an unknown parameter is refused, as the real services do."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from flinkci_dashboard.sandbox.calls import Answer, Call


@dataclass(frozen=True)
class Route:
    """One method and path, the query parameters that it knows, and who answers."""

    method: str
    pattern: re.Pattern[str]
    parameters: frozenset[str]
    answer: Callable[..., Answer]


@dataclass
class Router:
    """The routes of a service, in the order in which they were declared."""

    routes: list[Route] = field(default_factory=list)

    @classmethod
    def joined(cls, *routers: "Router") -> "Router":
        """Return one router over the routes of several; of two that fit, the earlier one answers."""
        return cls([route for router in routers for route in router.routes])

    def route(self, method: str, path: str, *parameters: str) -> Callable:
        """Declare a route: `{name}` matches one segment, `{number}` and `{…id}` a number, `{name*}` the rest."""
        pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", path)
        pattern = re.sub(r"\{(number|\w*id)\}", r"(?P<\1>\\d+)", pattern)
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

        def declare(function: Callable[..., Answer]) -> Callable[..., Answer]:
            self.routes.append(Route(method, re.compile(pattern + r"\Z"), frozenset(parameters), function))
            return function

        return declare

    def find(self, call: Call) -> tuple[Route | None, dict[str, str], set[str]]:
        """Return the route of a call, the values in its path, and the parameters that it does not know."""
        for route in self.routes:
            found = route.pattern.match(call.path) if route.method == call.method else None
            if found:
                return route, found.groupdict(), set(call.query) - route.parameters
        return None, {}, set()
