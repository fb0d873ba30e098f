"""The read side of the Hugging Face Hub's API, so that its own clients fetch adapters from here (docs/adapters.md).

The repository `<project>/<adapter>` is one adapter's folder in the project's repository: `support-desk/triage` is
adapters/triage, `support-desk/support__triage` is adapters/support/triage.
"""
