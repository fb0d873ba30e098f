"""The shared life of a Job: claim, heartbeat, progress, cancel, recovery; and what runs by the clock."""
