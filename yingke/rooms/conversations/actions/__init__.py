"""Conversations: the verbs."""
