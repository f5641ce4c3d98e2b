"""The topology of `deploy/compose.yaml` as processes of this machine, without Docker: `python -m deploy.stack`.

PostgreSQL, an object store that speaks S3, `mlflow server` on both, a Ray head without cores and two Ray workers of one
core each. Every port is one of loopback, and every file lies below one folder, which goes with the stack. It is for
trying things out and for tests: the store keeps its objects in memory.
"""
