"""The channels: outside protocols; they talk to rooms by their api alone."""
