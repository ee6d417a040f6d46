"""Ports made real, one folder for each technology."""
