"""The played server is quiet about clients that have gone, and about nothing else."""

from typing import Any

import pytest

from tests.fakes.variorum_server import FakeVariorum


@pytest.mark.parametrize(
    ("error", "printed"), [(BrokenPipeError(), False), (ConnectionResetError(), False), (KeyError("bug"), True)]
)
def test_only_clients_that_have_gone_are_passed_over(error: Exception, printed: bool, capsys: Any) -> None:
    with FakeVariorum() as server:
        try:
            raise error
        except type(error):
            server._server.handle_error(None, ("127.0.0.1", 1))
    assert ("KeyError" in capsys.readouterr().err) is printed
