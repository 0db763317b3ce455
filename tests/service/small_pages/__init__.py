"""A small service with two roles, for tests of what all services share."""
