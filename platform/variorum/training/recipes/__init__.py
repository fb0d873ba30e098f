"""Training recipes: programs on torch that know no Django. A folder with spec.json in, progress.jsonl and adapter/ out.

Only `config` may be imported by the web process: it checks parameters and imports no torch.
"""
