"""Editing a draft's files together: shared texts (CRDT), and who is looking and typing right now."""
