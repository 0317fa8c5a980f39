"""People who ask: anonymous at first, known later."""
