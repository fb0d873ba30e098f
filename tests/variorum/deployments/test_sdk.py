"""The SDK on the real server: a deploy is in use within a second, by its stream."""

import time

import pytest

from tests.fakes.variorum_server import wait_until
from variorum.deployments import services
from variorum_client import Client


@pytest.fixture
def token(transactional_db, make_key):
    return make_key("runtime", environments=["dev"])


def test_a_deploy_is_in_use_within_a_second(web, token, save, dev, actor, tmp_path):
    services.deploy(environment=dev, commit=save("1"), actor=actor)
    with Client(web, token, "dev", cache_dir=tmp_path, refresh=3600) as sdk:
        wait_until(lambda: sdk.commit and sdk.stats.stream_events)
        took = []
        for mark in "234":
            made = services.deploy(environment=dev, commit=save(mark), actor=actor)
            began = time.monotonic()
            wait_until(lambda made=made: sdk.commit == made.commit)
            took.append(time.monotonic() - began)
        assert min(took) < 1
        assert (sdk.stats.failures, sdk.stats.stream_failures, sdk.stats.streaming) == (0, 0, True)
