"""The systems whose prompts can be imported, each with the endings of its files."""

ENDINGS = {
    "langfuse": (".json", ".jsonl"),
    "mlflow": (".json", ".jsonl"),
    "prompty": (".prompty",),
    "promptl": (".promptl",),
}
SYSTEMS = tuple(ENDINGS)
