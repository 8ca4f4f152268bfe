"""The audit: a study as declared, on its own data, put to the leak tests that every component of the house is under.

`tidegate audit STUDY` and `tidegate.audit(study)` send a study through its rooms on its own history and again on
histories whose future is another one, and say which room first let something of the future in.
"""
