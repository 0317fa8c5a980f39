"""Sockets, SSE, long poll, fan-out and replay: carries sealed envelopes, knows no room."""
