"""A live installation per engine; every journey runs on each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import live as live_module
from tests.live import Browser, Live


@pytest.fixture(scope="module", params=list(live_module.ENGINES))
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Web and worker running; engines whose server is not here are skipped with a word."""
    data: Path = tmp_path_factory.mktemp(f"live-{request.param}")
    with live_module.running(data, request.param) as made:
        made.start_worker()
        made.start_web()
        yield made


@pytest.fixture(scope="module")
def owner(live: Live) -> Browser:
    """Olga, who owns the project `desk`."""
    browser = live.person("olga@example.org", "Olga")
    browser.post("/projects", {"name": "Desk", "slug": "desk"})
    return browser


def _member(live: Live, owner: Browser, name: str, role: str) -> Browser:
    browser = live.person(f"{name.lower()}@example.org", name)
    owner.post("/projects/desk/members", {"email": f"{name.lower()}@example.org", "role": role})
    return browser


@pytest.fixture(scope="module")
def editor(live: Live, owner: Browser) -> Browser:
    """Edda, an editor."""
    return _member(live, owner, "Edda", "editor")


@pytest.fixture(scope="module")
def maintainer(live: Live, owner: Browser) -> Browser:
    """Max, a maintainer."""
    return _member(live, owner, "Max", "maintainer")
