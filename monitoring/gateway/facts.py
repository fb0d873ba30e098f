"""What is remembered of keys and projects for a moment, so that most calls ask the database for little.

It is forgotten when news of the project say that it changed (`lane.hear`), and after TTL seconds in any case; a key
after KEY_TTL, so that a revoked one is out within a second even when the news are lost.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from monitoring.gateway.models import GatewayRoute, GatewaySettings, KeyLimit
from variorum.accounts.authentication import hash_of, live_key, touch_key
from variorum.accounts.models import ApiKey, Project
from variorum.deployments import serving
from variorum.deployments.models import Environment
from variorum.deployments.queries import environments_of
from variorum.inference.shapes import Target
from variorum.inference.targets import resolve
from variorum_client.delivery import Delivery

TTL = 5.0
MOST = 10_000
MOST_TARGETS = 1000
KEY_TTL = 0.8
MOST_KEYS = 10_000
KINDS = ("provider.", "gateway.", "environment.", "deployment.", "rules.", "rollout.")


@dataclass(frozen=True)
class Patience:
    """Seconds, and how often one model is asked again."""

    retries: int
    first_byte: float
    between: float
    total: float


@dataclass(frozen=True)
class Facts:
    """A project's settings, routes by model, environments by slug, limits by key."""

    project: Project
    patience: Patience
    routes: Mapping[str, GatewayRoute]
    environments: Mapping[str, Environment]
    limits: Mapping[int, KeyLimit]
    until: float
    _targets: dict[str, Target] = field(default_factory=dict)
    _deliveries: dict[int, Delivery | None] = field(default_factory=dict)

    def target(self, name: str) -> Target:
        """Where `provider/model` leads. Raises ProviderError."""
        found = self._targets.get(name)
        if found is None:
            found = resolve(self.project, name)
            if len(self._targets) < MOST_TARGETS:
                self._targets[name] = found
        return found

    def delivery(self, place: Environment) -> Delivery | None:
        """What an environment serves; None for nothing."""
        if place.pk not in self._deliveries:
            self._deliveries[place.pk] = serving.delivery(place)
        return self._deliveries[place.pk]


_facts: dict[int, Facts] = {}
_keys: dict[str, tuple[ApiKey, float]] = {}
_lock = threading.Lock()
_news = 0


def forget(project_id: int | None) -> None:
    """Something of a project has changed; None: of all, perhaps."""
    global _news
    with _lock:
        _news += 1
        _facts.clear() if project_id is None else _facts.pop(project_id, None)


def forget_keys() -> None:
    """Some key, or its maker, has changed."""
    global _news
    with _lock:
        _news += 1
        _keys.clear()


def key_of(token: str) -> ApiKey:
    """The live key of a token, looked up when that is too long ago. Raises Unauthenticated."""
    hashed = hash_of(token)
    known, until = _keys.get(hashed, (None, 0.0))
    if known is not None and until > time.monotonic() and known.state() == "active":
        return known
    news, began = _news, time.monotonic()
    key = live_key(hashed)
    touch_key(key)
    with _lock:
        if len(_keys) >= MOST_KEYS:
            _keys.clear()
        if news == _news:
            _keys[hashed] = key, began + KEY_TTL
    return key


def of(project: Project) -> Facts:
    """What is known, looked up when it is too old."""
    found = _facts.get(project.pk)
    if found is not None and found.until > time.monotonic():
        return found
    news = _news
    found = _load(project)
    with _lock:
        if len(_facts) > MOST:
            _facts.clear()
        if news == _news:  # else it may be about what was read just now
            _facts[project.pk] = found
    return found


def _load(project: Project) -> Facts:
    row = GatewaySettings.objects.filter(project=project).first() or GatewaySettings(project=project)
    return Facts(
        project,
        Patience(row.retries, row.first_byte_seconds, row.between_seconds, row.total_seconds),
        {route.model: route for route in GatewayRoute.objects.filter(project=project)},
        {place.slug: place for place in environments_of(project)},
        {limit.key_id: limit for limit in KeyLimit.objects.filter(key__project=project)},
        time.monotonic() + TTL,
    )
