"""How the bundled prior and judge are trained on pictures of procedural objects."""
