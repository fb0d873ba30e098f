"""What an environment serves now: the bytes for its apps, and the same compiled for our own use.

Without rules these are the frozen bytes of the live commit. With rules they are composed of the frozen bundles of the
commits that may be given and the rules in force; what was composed is kept by what it was made of.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from variorum.deployments import etags, plans
from variorum.deployments.models import Bundle, Deployment, Environment, Rollout, RuleSet
from variorum.lib.kept import Kept
from variorum_client.bundle import canonical_bytes, with_rules
from variorum_client.delivery import Delivery, commits_named, load_delivery

COMPOSED = 32
COMPILED = 32


@dataclass(frozen=True, slots=True)
class Ready:
    """The bytes that an environment serves now, and the commit that is live in them."""

    etag: bytes
    body: bytes
    commit: str


_composed: Kept[Ready] = Kept(COMPOSED)
_compiled: Kept[Delivery] = Kept(COMPILED)


def rule_set(environment_id: int) -> RuleSet | None:
    """The rules that people wrote for an environment, as they are in force."""
    return RuleSet.objects.filter(environment=environment_id).order_by("-number").first()


def rules_in_force(environment: Environment) -> dict[str, Any]:
    """The document of rules that callers are measured by; empty when there are none."""
    return _in_force(environment.pk)[1]


def _in_force(environment_id: int) -> tuple[tuple[int, ...], dict[str, Any]]:
    """What the rules are made of (equal when they are equal), and the rules."""
    written = rule_set(environment_id)
    document = written.document if written else {}
    source: tuple[int, ...] = (written.pk if written else 0,)
    rollout = Rollout.objects.filter(environment=environment_id, state__in=Rollout.UNDER_WAY).first()
    if rollout is not None:
        document = {**document, "flags": {**document.get("flags", {}), **plans.rule_of(rollout)}}
        source = (*source, rollout.pk, rollout.step)
    return source, document if document.get("flags") else {}


def ready(project_id: int, environment: str, known: Ready | None = None) -> Ready | None:
    """What an environment of a project serves, None when nothing is deployed there or there is no such environment.

    `known` is given back when it is still right, which spares reading the body.
    """
    live = Deployment.objects.filter(project=project_id, environment__slug=environment).order_by("-number")
    found = live.values_list("bundle", "bundle__hash", "environment", "bundle__commit").first()
    if found is None:
        return None
    bundle, digest, environment_id, commit = found
    source, rules = _in_force(environment_id)
    if rules:
        made = _composed.get((bundle, *source), lambda: _compose(bundle, environment_id, rules))
        return known if known is not None and known.etag == made.etag else made
    etag = etags.etag_of(digest).encode()
    if known is not None and known.etag == etag:
        return known
    return Ready(etag, bytes(Bundle.objects.values_list("body", flat=True).get(pk=bundle)), commit)


def delivery(environment: Environment) -> Delivery | None:
    """What an environment serves, compiled; None when nothing is deployed. Kept by its hash."""
    found = ready(environment.project_id, environment.slug)
    return None if found is None else compiled(found)


def compiled(found: Ready) -> Delivery:
    """What these bytes hold, compiled. Kept by their hash."""
    return _compiled.get(found.etag, lambda: load_delivery(found.body))


def composed(
    environment: Environment, rules: dict[str, Any], extra: Mapping[str, bytes] | None = None
) -> Delivery | None:
    """What the environment would serve with other rules (not stored): for previews and trials. Raises BundleError.

    `extra` holds the bundles of commits that were never frozen here.
    """
    live = Deployment.objects.filter(environment=environment).order_by("-number").values_list("bundle", flat=True)
    bundle = live.first()
    return None if bundle is None else load_delivery(_compose(bundle, environment.pk, rules, extra or {}).body)


def _compose(
    bundle_id: int, environment_id: int, rules: dict[str, Any], extra: Mapping[str, bytes] = MappingProxyType({})
) -> Ready:
    live = json.loads(bytes(Bundle.objects.values_list("body", flat=True).get(pk=bundle_id)))
    named = [sha for sha in commits_named(rules) if sha != live["commit"]]
    rows = Bundle.objects.filter(environment=environment_id, commit__in=named).values_list("commit", "body")
    document = with_rules(live, rules, {sha: json.loads(bytes(body)) for sha, body in (*extra.items(), *rows)})
    return Ready(etags.etag_of(str(document["hash"])).encode(), canonical_bytes(document), str(document["commit"]))
