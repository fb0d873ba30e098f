"""Connections of a web process: streams have their shares and leave room for requests."""

import resource

import pytest

from variorum import processes
from variorum.lib import connections


@pytest.mark.parametrize(
    ("hard", "found"),
    [
        (resource.RLIM_INFINITY, (15_000, 10_000, 2_000)),
        (1_048_576, (15_000, 10_000, 2_000)),
        (4_096, (3_596, 2_397, 719)),
        (256, (100, 66, 20)),
    ],
)
def test_shares_follow_the_files_that_may_be_open(monkeypatch, hard, found):
    monkeypatch.setattr(connections.resource, "getrlimit", lambda _: (256, hard))
    assert (connections.most(), connections.for_apps(), connections.for_pages()) == found
    command = processes.web_command()
    assert command[command.index("--backpressure") + 1] == str(found[0])


@pytest.mark.parametrize(
    ("limits", "set_to"),
    [
        ((1_024, 1_048_576), [(15_500, 1_048_576)]),
        ((1_024, 4_096), [(4_096, 4_096)]),
        ((20_000, 30_000), []),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), []),
    ],
)
def test_the_limit_of_files_is_raised_as_far_as_needed(monkeypatch, limits, set_to):
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(connections.resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(connections.resource, "setrlimit", lambda _, new: seen.append(new))
    connections.raise_files()
    assert seen == set_to
