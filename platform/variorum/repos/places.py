"""Where a project's repository lies; it comes into being when it is first asked for."""

import secrets
from pathlib import Path

from django.conf import settings

from variorum.accounts.models import Project
from variorum.repos import git
from variorum.repos.models import Repository

README = """# {name}

{description}

- `prompts/`: prompts, one `.prompt` file each
- `configs/`: settings in YAML, with an optional `<name>.schema.json` beside them
- `adapters/`: LoRA adapters, one folder each
- `suites/`: evaluation suites
"""
ATTRIBUTES = "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"


def ensure_repository(project: Project) -> Repository:
    """The project's repository with at least its first commit. Safe to call again and from many processes."""
    fresh = f"{project.pk}-{secrets.token_hex(4)}.git"
    repository, _ = Repository.objects.get_or_create(project=project, defaults={"path": fresh})
    project.repository = repository  # the reverse side of the one-to-one
    git.create(
        _folder(repository),
        {"README.md": _readme(project), ".gitattributes": ATTRIBUTES.encode()},
        message="Start the repository",
        author=git.Author("Variorum", "variorum@localhost"),
    )
    return repository


def path_of(project: Project) -> Path:
    """The folder of the project's bare repository. One query, none when the repository is loaded with the project."""
    try:
        folder = _folder(project.repository)
    except Repository.DoesNotExist:
        return _folder(ensure_repository(project))
    if not folder.exists():  # killed between the row and the folder
        ensure_repository(project)
    return folder


def _folder(repository: Repository) -> Path:
    return Path(settings.DATA_DIR) / "repos" / repository.path


def _readme(project: Project) -> bytes:
    text = README.format(name=project.name, description=project.description or "What our models say.")
    return text.encode()
