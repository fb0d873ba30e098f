"""Three-way merge of artefacts: by setting, message and sentence, never by torn blocks or mixed adapters."""

from variorum_client.formats.merging.files import merge_file
from variorum_client.formats.merging.units import Lines, Merged, Unit

__all__ = ["Lines", "Merged", "Unit", "merge_file"]
