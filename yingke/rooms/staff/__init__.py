"""The people of the business: roles, rights, groups, sessions, presence, audit."""
