"""Procedural objects with captions: what the bundled prior and judge are trained on."""
