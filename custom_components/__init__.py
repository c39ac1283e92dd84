"""Custom integrations: py_hab."""
