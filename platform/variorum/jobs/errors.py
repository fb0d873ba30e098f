"""How a job's handler ends other than by returning."""


class JobCancelled(Exception):
    """Raised by JobRun.check(): a person asked to stop, or the lease went to another worker."""


class LeaseLost(JobCancelled):
    """Another worker owns the job now; leave everything as it is."""


class JobFailed(Exception):
    """A final failure in plain words; it is not tried again."""
