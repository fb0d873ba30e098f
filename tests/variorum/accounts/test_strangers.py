"""Keys that are none: what they cost is bounded at all doors together, and no good key waits for them."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from monitoring.gateway import facts
from tests.monitoring.gateway.conftest import chat
from variorum.accounts import authentication, strangers
from variorum.accounts.models import ApiKey
from variorum.accounts.strangers import BURST, Strangers
from variorum.deployments import lane
from variorum.lib.crypto import new_token, token_hash
from variorum.lib.errors import Unauthenticated

BUNDLE = "/api/v1/runtime/dev/bundle"


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Door:
    """Strangers with a dictionary in place of the database; counts what is asked of it."""

    def __init__(self) -> None:
        self.keys, self.looks, self.lists = set[str](), 0, 0
        self.clock = Clock()
        self.strangers = Strangers(self._every, self.clock)

    def _every(self) -> set[str]:
        self.lists += 1
        return set(self.keys)

    def _find(self, hashed: str) -> str:
        self.looks += 1
        if hashed not in self.keys:
            raise strangers.unknown()
        return hashed

    def lets_in(self, hashed: str) -> bool:
        """Whether it is a good key."""
        try:
            return self.strangers.look_up(hashed, self._find) == hashed
        except Unauthenticated:
            return False


def test_many_different_keys_cost_a_list_in_a_second_and_good_ones_are_let_in() -> None:
    door = Door()
    door.keys.add("good")
    for _ in range(10):
        assert not any(door.lets_in(f"{number}") for number in range(1000))
        assert door.lets_in("good")
        door.clock.now += 0.09
    assert (door.looks, door.lists) == (BURST + 10, 1)
    before = door.looks
    for number in range(20_000):  # ten seconds of it, with ever other keys
        assert not door.lets_in(f"other {number}")
        door.clock.now += 0.0005
    assert door.looks - before <= 11 * strangers.PER_SECOND
    assert door.lists <= 12
    assert len(door.strangers) == strangers.MOST_REFUSED
    assert [door.strangers.code_of(one) for one in ("good", "other 19999")] == ["", "unknown_key"]


def test_a_new_key_is_let_in_within_a_second_and_at_once_when_it_is_told() -> None:
    door = Door()
    assert not any(door.lets_in(f"{number}") for number in range(1000))
    door.keys |= {"new", "0", "999"}
    assert not door.lets_in("new")  # the list was read before
    door.strangers.forget()
    assert [door.lets_in(one) for one in ("new", "0", "999")] == [True] * 3
    door.keys.add("next")
    assert not door.lets_in("next")
    door.clock.now += strangers.REFUSED_SECONDS
    assert door.lets_in("next")


def test_a_list_that_takes_long_is_read_less_often() -> None:
    door = Door()
    read = door._every

    def slow() -> set[str]:
        door.clock.now += 0.5
        return read()

    door.strangers._every = slow
    for number in range(3000):
        door.lets_in(f"{number}")
        door.clock.now += 0.01
    assert door.lists <= 5


def test_every_door_of_a_process_has_the_same_memory(project, make_key, monkeypatch, django_assert_num_queries) -> None:
    good = make_key("gateway", "runtime")
    tokens = [new_token("vk") for _ in range(2 * BURST)]
    monkeypatch.setattr(authentication, "strangers", Strangers(authentication.strangers._every, Clock()))
    with django_assert_num_queries(BURST + 1):
        for token in tokens:
            assert lane._load_key(bytes.fromhex(token_hash(token))) is None
            for find in (facts.key_of, authentication.find_key):
                with pytest.raises(Unauthenticated):
                    find(token)
    known = ApiKey.objects.get(project=project)
    assert facts.key_of(good) == authentication.find_key(good) == known
    assert lane._load_key(bytes.fromhex(token_hash(good))).id == known.pk


def test_good_keys_are_answered_while_others_are_guessed(web, transactional_db, make_key) -> None:
    good, over, refused = make_key("gateway", "runtime"), threading.Event(), []

    def guess(_: int) -> None:
        with httpx.Client(base_url=web, timeout=60) as client:
            while not over.is_set():
                refused.extend(doors(client, new_token("vk")))

    def doors(client: httpx.Client, token: str) -> list[int]:
        bearer = {"authorization": f"Bearer {token}"}
        asked = client.post("/v1/chat/completions", json=chat(), headers=bearer), client.get(BUNDLE, headers=bearer)
        return [one.status_code for one in asked]

    with ThreadPoolExecutor(2) as pool, httpx.Client(base_url=web, timeout=60) as client:
        guesses = [pool.submit(guess, number) for number in range(2)]
        try:
            while len(refused) < 3 * BURST:
                assert not any(one.done() for one in guesses)
                over.wait(0.01)
            assert [doors(client, good) for _ in range(10)] == [[404, 404]] * 10  # no such model, nothing deployed
            new, deadline = make_key("gateway", "runtime"), time.monotonic() + 60
            while doors(client, new) != [404, 404]:
                assert time.monotonic() < deadline
            assert [doors(client, new) for _ in range(10)] == [[404, 404]] * 10
        finally:
            over.set()
        for one in guesses:
            one.result(60)
    assert set(refused) == {401}
