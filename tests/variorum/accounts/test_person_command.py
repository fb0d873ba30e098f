"""The command that makes the first account."""

import io

import pytest
from django.core.management import CommandError, call_command

from variorum.accounts.models import User


@pytest.fixture
def say(monkeypatch):
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_makes_an_account_from_the_standard_input(db, say):
    say("a good long password\n")
    out = io.StringIO()
    call_command("person", "Ada@Example.org", stdout=out)
    user = User.objects.get()
    assert out.getvalue() == f"{user.email} can sign in now.\n"
    assert (user.email.lower(), user.check_password("a good long password")) == ("ada@example.org", True)


def test_says_why_not(db, say):
    say("short\n")
    with pytest.raises(CommandError, match="at least 10"):
        call_command("person", "ada@example.org")
    assert not User.objects.exists()
