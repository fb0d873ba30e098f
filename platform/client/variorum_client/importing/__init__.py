"""Prompts of other systems as Dotprompt files, with a word on everything that could not be carried over.

One module for each system: it reads an export and gives `Imported` prompts. `planning` checks them,
`writing` writes them.
"""
