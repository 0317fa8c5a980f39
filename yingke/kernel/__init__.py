"""The kernel: what every room stands on. No business word in here."""
