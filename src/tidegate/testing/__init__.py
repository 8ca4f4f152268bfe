"""The contract kits, public, so that plug-ins inherit the tests of their family."""
