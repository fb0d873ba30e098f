"""People, projects, roles and API keys; the only way from a request to a project."""
