"""What `variorum` does in the user's own clone of a project's repository.

GitPython is loaded only here, and only when it is needed.
"""
