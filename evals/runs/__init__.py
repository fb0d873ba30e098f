"""Suites and the evaluations made with them: results, comparison with intervals, and the check that they publish."""
