"""Metrics: named ways to judge one output, and the scores that they give."""
