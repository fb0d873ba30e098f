"""Deploying, rolling back, and what is refused."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from variorum.accounts.access import Actor
from variorum.deployments import queries, services
from variorum.deployments.models import Bundle, Deployment, Environment
from variorum.drafts.checks import require_check, set_check
from variorum.events.models import Event
from variorum.lib.errors import Conflict, NotFound, Unprocessable
from variorum.repos import git
from variorum.repos.places import path_of
from variorum_client.bundle import bundle_hash, load_bundle


def _code(caught: "pytest.ExceptionInfo[Conflict]") -> str:
    return caught.value.stable_code


def test_a_project_has_three_environments_made_once(project):
    first = services.ensure_environments(project)
    assert [(e.slug, e.guarded) for e in first] == [("dev", False), ("staging", False), ("production", True)]
    assert [e.pk for e in services.ensure_environments(project)] == [e.pk for e in first]
    assert queries.current(first[0]) is None


def test_deploying_makes_a_commit_live(save, dev, actor, project):
    sha = save("1")
    made = services.deploy(environment=dev, commit="main", actor=actor, note="go")
    assert (made.number, made.commit, made.kind, made.subject, made.note) == (1, sha, "deploy", "Change 1", "go")
    assert made.actor_name == "Olga"
    live = queries.current(dev)
    assert live is not None
    assert (live.pk, live.until) == (made.pk, None)
    event = Event.objects.get(kind="deployment.created")
    assert (event.subject_id, event.data["environment"], event.data["commit"]) == ("1", "dev", sha)


def test_the_bundle_is_frozen_and_the_same_for_the_same_commit(save, dev, actor):
    sha = save("1")
    made = services.deploy(environment=dev, commit=sha, actor=actor)
    body = bytes(Bundle.objects.get().body)
    assert load_bundle(body).commit == sha
    assert made.bundle.hash == bundle_hash(body) == json.loads(body)["hash"]
    services.deploy(environment=dev, commit=save("2"), actor=actor)
    again = services.deploy(environment=dev, commit=sha, actor=actor)
    assert (again.bundle_id, again.bundle.hash) == (made.bundle_id, made.bundle.hash)
    assert bytes(Bundle.objects.get(commit=sha).body) == body


def test_numbers_count_through_the_project(save, project, actor):
    sha = save("1")
    made = [services.deploy(environment=e, commit=sha, actor=actor) for e in services.ensure_environments(project)]
    assert [d.number for d in made] == [1, 2, 3]
    assert len({d.bundle.hash for d in made}) == 3  # the environment's name is in the bundle


def test_what_is_live_already_is_not_deployed_again(save, dev, actor):
    sha = save("1")
    services.deploy(environment=dev, commit=sha, actor=actor)
    with pytest.raises(Conflict) as caught:
        services.deploy(environment=dev, commit=sha, actor=actor)
    assert (_code(caught), caught.value.extra) == ("already_live", {"deployment": 1})


def test_only_main_goes_live(save, dev, actor, project):
    first = save("1")
    git.move_ref(path_of(project), "drafts/1", first, expected=None)
    unmerged = save("2", ref="drafts/1")
    with pytest.raises(Conflict) as caught:
        services.deploy(environment=dev, commit=unmerged, actor=actor)
    assert _code(caught) == "not_on_main"
    with pytest.raises(NotFound):
        services.deploy(environment=dev, commit="f" * 40, actor=actor)
    assert services.deploy(environment=dev, commit=first[:8], actor=actor).commit == first


def test_a_commit_with_an_unsound_artefact_is_refused_with_its_place(save, dev, actor, project):
    save("1")
    head = git.head(path_of(project))
    bad = git.commit(
        path_of(project),
        "main",
        {"configs/limits.yaml": b"a: [1\n"},
        message="Pushed past the checks",
        author=git.Author("X", "x@example.org"),
        expected_head=head,
    )
    with pytest.raises(Unprocessable) as caught:
        services.deploy(environment=dev, commit=bad, actor=actor)
    assert "configs/limits.yaml" in caught.value.detail
    assert (Deployment.objects.count(), Bundle.objects.count()) == (0, 0)


def test_somebody_was_faster(save, dev, actor):
    first = services.deploy(environment=dev, commit=save("1"), actor=actor, expected=None)
    services.deploy(environment=dev, commit=save("2"), actor=actor, expected=first.number)
    with pytest.raises(Conflict) as caught:
        services.deploy(environment=dev, commit=save("3"), actor=actor, expected=first.number)
    assert (_code(caught), caught.value.extra["deployment"]) == ("stale_deployment", 2)
    with pytest.raises(Conflict):
        services.roll_back(environment=dev, actor=actor, expected=None)


def test_rolling_back_goes_further_back_each_time(save, dev, actor):
    shas = [save(str(n)) for n in range(3)]
    for sha in shas:
        services.deploy(environment=dev, commit=sha, actor=actor)
    back = services.roll_back(environment=dev, actor=actor, note="worse")
    assert (back.number, back.commit, back.kind, back.restores.number) == (4, shas[1], "rollback", 2)
    again = services.roll_back(environment=dev, actor=actor)
    assert (again.commit, again.restores.number) == (shas[0], 1)
    with pytest.raises(Conflict) as caught:
        services.roll_back(environment=dev, actor=actor)
    assert _code(caught) == "nothing_earlier"
    services.deploy(environment=dev, commit=shas[2], actor=actor)
    assert services.roll_back(environment=dev, actor=actor).commit == shas[0]
    assert Event.objects.filter(kind="deployment.rolled_back").count() == 3


def test_rolling_back_to_a_chosen_one_needs_neither_git_nor_checks(save, production, actor, project, monkeypatch):
    shas = [save(str(n)) for n in range(3)]
    made = [services.deploy(environment=production, commit=sha, actor=actor) for sha in shas]
    require_check(project=project, actor=actor, name="triage suite")
    monkeypatch.setattr(git, "read_files", None)
    back = services.roll_back(environment=production, actor=actor, to=made[0])
    assert (back.commit, back.bundle_id, back.restores.pk) == (shas[0], made[0].bundle_id, made[0].pk)
    with pytest.raises(Conflict) as caught:
        services.roll_back(environment=production, actor=actor, to=back)
    assert _code(caught) == "already_live"


def test_another_environment_s_deployment_is_no_target(save, dev, production, actor):
    made = services.deploy(environment=dev, commit=save("1"), actor=actor)
    with pytest.raises(Conflict):
        services.roll_back(environment=production, actor=actor, to=made)


def test_what_was_live_when(save, dev, actor):
    made = []
    for days in (3, 2, 1):
        made.append(services.deploy(environment=dev, commit=save(str(days)), actor=actor))
        Deployment.objects.filter(pk=made[-1].pk).update(created_at=timezone.now() - timedelta(days=days))
    now = timezone.now()
    when = [queries.live_at(dev, now - timedelta(days=days)) for days in (4, 2.5, 1.5, 0)]
    assert [d.number if d else None for d in when] == [None, 1, 2, 3]
    assert when[1].until == queries.live_at(dev, now - timedelta(days=1.5)).created_at


def _merged(save, project, mark: str) -> tuple[str, str]:
    """A draft's commit and the merge commit that brought it to main."""
    path, main = path_of(project), git.head(path_of(project))
    git.move_ref(path, f"drafts/{mark}", main, expected=None)
    tip = save(mark, ref=f"drafts/{mark}")
    merged = git.merge(path, main, tip)
    sha = git.write_commit(path, merged.tree, [main, tip], message="Merge", author=git.Author("M", "m@example.org"))
    git.move_ref(path, "main", sha, expected=main)
    return tip, sha


def test_production_asks_for_the_required_checks(save, project, dev, production, actor):
    save("0")
    tip, merge = _merged(save, project, "1")
    require_check(project=project, actor=actor, name="triage", path="prompts")
    require_check(project=project, actor=actor, name="limits", path="configs")
    services.deploy(environment=dev, commit=merge, actor=actor)

    def deploy() -> str:
        try:
            return services.deploy(environment=production, commit=merge, actor=actor).commit
        except Conflict as problem:
            return f"{problem.stable_code}: {problem.detail}"

    assert deploy() == "checks_missing: The required check “triage” has not run on these files."
    for state, words in (("pending", "is still running"), ("fail", "fails"), ("inconclusive", "is inconclusive")):
        set_check(project=project, commit=tip, name="triage", state=state)
        assert deploy() == f"checks_missing: The required check “triage” {words}."
    set_check(project=project, commit=tip, name="triage", state="pass")
    assert deploy() == merge


def test_a_verdict_on_other_files_does_not_count(save, project, production, actor):
    require_check(project=project, actor=actor, name="triage", path="prompts/triage.prompt")
    checked = save("1")
    set_check(project=project, commit=checked, name="triage", state="pass")
    services.deploy(environment=production, commit=checked, actor=actor)
    other = save(files={"configs/limits.yaml": b"a: 1\n"})
    services.deploy(environment=production, commit=other, actor=actor)  # the prompt did not change
    unchecked = save("2")
    with pytest.raises(Conflict) as caught:
        services.deploy(environment=production, commit=unchecked, actor=actor)
    assert _code(caught) == "checks_missing"
    services.deploy(environment=production, commit=checked, actor=actor)  # back to what passed


@pytest.mark.django_db(transaction=True)
def test_ten_deployers_at_once_leave_one_history(save, project, actor):
    shas = [save(str(n)) for n in range(5)]
    environments = services.ensure_environments(project)
    failed: list[BaseException] = []

    def deploy(environment: Environment, sha: str, who: Actor) -> None:
        try:
            services.deploy(environment=environment, commit=sha, actor=who)
        except BaseException as exc:
            failed.append(exc)
        finally:
            connection.close()

    threads = [threading.Thread(target=deploy, args=(e, sha, actor)) for sha in shas for e in environments[:2]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert sorted(Deployment.objects.values_list("number", flat=True)) == list(range(1, 11))
