"""What happens to staff: one transaction each."""
