"""What nothing points at goes away after the grace time; what anybody relies on stays."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests.variorum.repos.conftest import ADAPTER
from tests.weights import lora
from variorum.accounts.models import Project, User
from variorum.accounts.services import create_project
from variorum.lib import objects
from variorum.repos import services
from variorum.repos.lfs import collecting, keeping
from variorum.repos.models import LfsObject
from variorum_client.formats import Pointer, print_pointer

pytestmark = pytest.mark.django_db
Save = Callable[..., str]


def store(project: Project, fill: bytes) -> Pointer:
    return services.store_lfs(project=project, data=lora(fill=fill))


def grow_old() -> None:
    LfsObject.objects.update(asked_at=timezone.now() - timedelta(days=15))


def here(pointer: Pointer) -> bool:
    return objects.exists(objects.content_key(pointer.oid))


def commit(save: Save, pointer: Pointer | None, ref: str = "main") -> str:
    files = {
        "adapters/t/adapter_config.json": json.dumps(ADAPTER),
        "adapters/t/adapter_model.safetensors": print_pointer(pointer.oid, pointer.size) if pointer else None,
    }
    return save(files if pointer else dict.fromkeys(files), ref)


def test_a_pointer_in_any_commit_of_any_branch_keeps_its_object(project: Project, save: Save) -> None:
    old, new, loose, branched = (store(project, bytes([n])) for n in range(4))
    commit(save, old)
    main = commit(save, new)
    commit(save, None)
    services.start_branch(project=project, ref="drafts/1", commit=main)
    commit(save, branched, "drafts/1")
    assert collecting.pointed_at(project) == {old.oid, new.oid, branched.oid}
    assert collecting.collect_project(project) == []
    grow_old()
    assert collecting.collect_project(project) == [loose.oid]
    assert [here(one) for one in (old, new, branched, loose)] == [True, True, True, False]
    assert LfsObject.objects.count() == 3


def test_the_content_stays_while_another_project_has_it(project: Project, owner: User) -> None:
    other = create_project(owner=owner, name="Other", slug="other")
    pointer = store(project, b"\1")
    assert store(other, b"\1") == pointer
    LfsObject.objects.filter(project=project).update(asked_at=timezone.now() - timedelta(days=15))
    assert collecting.collect_project(project) == [pointer.oid]
    assert (here(pointer), list(LfsObject.objects.values_list("project", flat=True))) == (True, [other.pk])
    grow_old()
    collecting.collect_project(other)
    assert not here(pointer)


def test_who_comes_to_rely_on_it_in_the_meantime_keeps_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client is told "it is here" between the walk through the commits and the deletion."""
    pointer = store(project, b"\1")
    grow_old()

    def walk(found: Project) -> set[str]:
        assert keeping.rely_on(found, [pointer.oid]) == {pointer.oid: pointer.size}
        return set()

    monkeypatch.setattr(collecting, "pointed_at", walk)
    collecting.collect_project(project)
    assert (here(pointer), LfsObject.objects.count()) == (True, 1)


def test_killed_between_the_row_and_the_content(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next call removes what was let go; not what somebody brought back meanwhile."""

    class Killed(BaseException):
        pass

    def die(digest: str) -> None:
        raise Killed

    def collect_and_die() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(objects, "release", die)
            with pytest.raises(Killed):
                collecting.collect_project(project)

    services.ensure_repository(project)
    collecting.collect()  # the one of this day
    gone, back = store(project, b"\1"), store(project, b"\2")
    for pointer in (gone, back):
        LfsObject.objects.filter(sha256=pointer.oid).update(asked_at=timezone.now() - timedelta(days=15))
        collect_and_die()
    assert ([here(gone), here(back)], LfsObject.objects.count()) == ([True, True], 0)
    store(project, b"\2")
    collecting.collect()
    assert ([here(gone), here(back)], LfsObject.objects.count()) == ([False, True], 1)
    assert collecting.finish_leaving() == 0


def test_an_upload_after_the_deletion_brings_it_back(project: Project) -> None:
    pointer = store(project, b"\1")
    grow_old()
    collecting.collect_project(project)
    assert store(project, b"\1") == pointer
    assert here(pointer)


def test_the_clock_does_it_once_a_day(project: Project) -> None:
    services.ensure_repository(project)
    pointer = store(project, b"\1")
    grow_old()
    collecting.collect()
    assert not here(pointer)
    again = store(project, b"\1")
    grow_old()
    collecting.collect()
    assert here(again)


def test_a_dataset_with_the_same_bytes_keeps_them(project: Project, actor) -> None:
    from variorum.datasets.services import keep_upload

    pointer = store(project, b"\1")
    keep_upload(project=project, actor=actor, filename="x.csv", pieces=iter([lora(fill=b"\1")]))
    grow_old()
    collecting.collect_project(project)
    assert (here(pointer), LfsObject.objects.exists()) == (True, False)


@pytest.mark.django_db(transaction=True)
def test_uploads_beside_the_collection_lose_nothing(project: Project) -> None:
    """Whatever the order: a row never names content that is gone."""
    services.ensure_repository(project)
    done = threading.Event()

    def upload() -> None:
        try:
            for _ in range(40):
                store(project, b"\1")
        finally:
            connection.close()

    def collect() -> int:
        rounds = 0
        try:
            while not done.is_set():
                grow_old()
                rounds += len(collecting.collect_project(project))
        finally:
            connection.close()
        return rounds

    with ThreadPoolExecutor(4) as pool:
        collector = pool.submit(collect)
        uploads = [pool.submit(upload) for _ in range(3)]
        for one in uploads:
            one.result()
        done.set()
        assert collector.result() > 0
    for row in LfsObject.objects.all():
        assert objects.exists(objects.content_key(row.sha256))
    pointer = store(project, b"\1")
    assert here(pointer)
    assert LfsObject.objects.count() == 1
