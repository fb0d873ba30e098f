"""The OpenAI-compatible door: resolve, complete, log."""
