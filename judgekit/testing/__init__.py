"""Fakes that ship with the package, for users' own tests too."""
