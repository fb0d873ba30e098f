"""The job `import`: a large file read by a worker."""

from variorum.accounts.access import Actor
from variorum.datasets import imports
from variorum.datasets.models import DatasetVersion, Upload
from variorum.jobs.errors import JobFailed
from variorum.jobs.runner import JobRun
from variorum.lib.errors import Problem


def import_upload(run: JobRun) -> None:
    """Everything is stored or nothing; run again after a crash it finds what it noted and does nothing."""
    if "version" in run.job.result:
        return
    upload = Upload.objects.filter(pk=run.spec["upload"]).select_related("project").first()
    if upload is None:
        raise JobFailed("The uploaded file is not here any more. Upload it again.")

    def note(version: DatasetVersion, created: bool) -> None:
        run.note(dataset=version.dataset.slug, version=version.number, rows=version.row_count, created=created)

    try:
        imports.import_upload(
            upload=upload,
            actor=Actor.of_user(run.job.created_by),
            plan=imports.ImportPlan.of(run.spec),
            dataset=imports.target_of(upload.project, run.spec["dataset"]),
            name=run.spec["name"],
            description=run.spec["description"],
            watch=lambda line: run.progress(line, upload.lines, f"line {line:,} of {upload.lines:,}"),
            in_transaction=note,
        )
    except Problem as exc:
        raise JobFailed(exc.detail) from None
    run.progress(upload.lines, upload.lines, "done")
