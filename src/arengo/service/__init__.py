"""Use cases: load, ask the domain, commit, announce."""
