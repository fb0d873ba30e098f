"""Three-way merge of artefacts: by setting, message and sentence, never by torn blocks or mixed adapters."""

from variorum_client.formats.merging.adapters import adapter_text, merge_adapter
from variorum_client.formats.merging.files import as_one, merge_bytes, merge_file
from variorum_client.formats.merging.units import Lines, Merged, Unit

__all__ = ["Lines", "Merged", "Unit", "adapter_text", "as_one", "merge_adapter", "merge_bytes", "merge_file"]
