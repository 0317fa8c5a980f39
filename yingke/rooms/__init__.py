"""The rooms: one noun of the business each, owner of its tables."""
