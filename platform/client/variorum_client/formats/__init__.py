"""Artefact formats: the one implementation that server, SDK and CLI share. Pure functions, no network, no files."""

from variorum_client.formats.adapter import AdapterConfig, parse_adapter_config, parse_card, parse_weights
from variorum_client.formats.check import check_file, partial_paths, partials_from
from variorum_client.formats.config import check_config, parse_config, parse_json, parse_schema, schema_path
from variorum_client.formats.lfs import Pointer, parse_pointer, print_pointer
from variorum_client.formats.naming import check_name, check_names
from variorum_client.formats.owners import (
    OWNERS_FILE,
    OwnersRule,
    parse_owners,
    pattern_fault,
    pattern_matches,
    rule_for,
)
from variorum_client.formats.paths import Kind, artefact_name, check_path, kind_of
from variorum_client.formats.problems import FormatError, Problem, RenderError
from variorum_client.formats.prompt import Prompt, cached_prompt, parse_prompt, print_prompt, prompt_overview
from variorum_client.formats.sections import SourceMessage, source_messages

__all__ = [
    "OWNERS_FILE",
    "AdapterConfig",
    "FormatError",
    "Kind",
    "OwnersRule",
    "Pointer",
    "Problem",
    "Prompt",
    "RenderError",
    "SourceMessage",
    "artefact_name",
    "cached_prompt",
    "check_config",
    "check_file",
    "check_name",
    "check_names",
    "check_path",
    "kind_of",
    "parse_adapter_config",
    "parse_card",
    "parse_config",
    "parse_json",
    "parse_owners",
    "parse_pointer",
    "parse_prompt",
    "parse_schema",
    "parse_weights",
    "partial_paths",
    "partials_from",
    "pattern_fault",
    "pattern_matches",
    "print_pointer",
    "print_prompt",
    "prompt_overview",
    "rule_for",
    "schema_path",
    "source_messages",
]
