"""What an app holds in its hand: a prompt of one commit, and everything of one delivery that is ready to be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from variorum_client.bundle import AdapterRef
from variorum_client.chat import Tools, arguments_of, request_of
from variorum_client.delivery import Delivery
from variorum_client.formats import Prompt

MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class LivePrompt:
    """A prompt as one caller gets it at one commit. It never changes: ask the client again to see a newer one.

    `variant` is the rule and the variant that chose the commit, empty when no rule had a say. `context` is what the
    rules looked at, for the log; None when nothing was given, or the client does not tell it.
    """

    name: str
    environment: str
    commit: str
    adapter: AdapterRef | None
    prompt: Prompt
    variant: str = ""
    context: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)

    def given_to(self, context: Mapping[str, Any] | None) -> "LivePrompt":
        """The same as it was chosen for a caller."""
        return LivePrompt(self.name, self.environment, self.commit, self.adapter, self.prompt, self.variant, context)

    @property
    def model(self) -> str | None:
        """provider/model, as the prompt names it."""
        return self.prompt.model

    @property
    def config(self) -> dict[str, Any]:
        """The model's settings: temperature and the like. Read-only."""
        return self.prompt.config

    def messages(
        self, variables: Mapping[str, Any] | None = None, *, history: Sequence[Mapping[str, Any]] = ()
    ) -> list[dict[str, Any]]:
        """Messages for an OpenAI-compatible endpoint. Raises RenderError, which names the variable at fault."""
        return self.prompt.messages(variables, history=history)

    def openai(
        self,
        variables: Mapping[str, Any] | None = None,
        *,
        history: Sequence[Mapping[str, Any]] = (),
        model: str | None = None,
        tools: Tools = (),
    ) -> dict[str, Any]:
        """Arguments for `openai.chat.completions.create`: model, messages, settings, tools, response_format.

        The model is the prompt's without its provider, unless `model` names another. `tools` defines what the prompt
        lists by name only: a list in OpenAI's shape, or schemas by name. Settings that the `openai` client does not
        know travel in extra_body. Raises RenderError.
        """
        body = request_of(self.prompt, self.messages(variables, history=history), model=model, tools=tools)
        return arguments_of(body)


class Served:
    """One delivery, ready to be read. What no rule touches is a dictionary lookup; the rest is chosen for a context."""

    def __init__(self, delivery: Delivery | None = None) -> None:
        self.delivery = delivery
        self.prompts: dict[str, LivePrompt] = {}
        self.configs: dict[str, Any] = {}
        self._handles: dict[tuple[str, str, str], LivePrompt] = {}
        if delivery is not None:
            self._fill(delivery)

    def _fill(self, delivery: Delivery) -> None:
        live = delivery.live
        self.configs = {name: one for name, one in live.configs.items() if not delivery.ruled("configs", name)}
        for name in live.prompts:
            if not delivery.ruled("prompts", name):
                self.prompts[name] = self._handle(delivery, name, live.commit, "")

    def _handle(self, delivery: Delivery, name: str, commit: str, variant: str) -> LivePrompt:
        bundle = delivery.bundle(commit)
        prompt = bundle.prompts[name]
        return LivePrompt(name, bundle.environment, commit, bundle.adapter_of(prompt), prompt, variant)

    def prompt(self, name: str, context: Mapping[str, Any] | None) -> LivePrompt | None:
        """The prompt that a caller gets; None when nobody gets one of that name."""
        if self.delivery is None:
            return None
        choice = self.delivery.choose("prompts", name, context)
        key = (name, choice.commit, choice.variant)
        found = self._handles.get(key)
        if found is None and name in self.delivery.bundle(choice.commit).prompts:
            found = self._handles[key] = self._handle(self.delivery, *key)
        return found

    def config(self, name: str, context: Mapping[str, Any] | None) -> Any:
        """The value that a caller gets; MISSING when nobody gets a config of that name."""
        if self.delivery is None:
            return MISSING
        choice = self.delivery.choose("configs", name, context)
        return self.delivery.bundle(choice.commit).configs.get(name, MISSING)

    def names(self, kind: str) -> list[str]:
        """The names of a kind that somebody may get, sorted."""
        delivery = self.delivery
        found = (getattr(delivery.bundle(one), kind) for one in delivery.commits) if delivery else ()
        return sorted({name for names in found for name in names})


NOTHING = Served()
