"""`variorum rollout`: start a rollout from the command line, watch it, and say what becomes of it."""
