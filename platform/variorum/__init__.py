"""Variorum: change control for what a model says. The Django project."""
