"""Protocols as pure bytes: nothing here opens, waits or sleeps."""
