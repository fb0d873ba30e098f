"""Model endpoints: one client for every OpenAI-compatible server, and our own small one."""
