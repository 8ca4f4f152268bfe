"""How sure one may be: intervals, tests and their small-sample truth, in short code of our own."""
