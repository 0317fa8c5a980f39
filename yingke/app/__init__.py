"""Wiring, command line and the ASGI application: the only place that knows all."""
