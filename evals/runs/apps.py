from django.apps import AppConfig


class RunsConfig(AppConfig):
    """Suites and evaluations."""

    name = "evals.runs"

    def ready(self) -> None:
        """Evaluations are jobs; those that wait for another, or were cancelled in the queue, are for the clock."""
        from evals.runs import concluding, tasks  # noqa: PLC0415  (models exist only now)
        from variorum.jobs import registry, schedule  # noqa: PLC0415

        registry.register("evaluation", tasks.evaluate)
        schedule.every(3, "runs.conclude", concluding.sweep)
