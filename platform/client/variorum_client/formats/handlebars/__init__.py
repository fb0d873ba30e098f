"""Handlebars as Dotprompt uses it: parsed with positions, compiled to closures, run under a budget."""
