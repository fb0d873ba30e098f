"""Code metrics, a file each, with NAME, ABOUT, BINARY, CONFIG (a JSON Schema with defaults) and score(case, config)."""
