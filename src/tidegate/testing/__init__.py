"""The contract kits: what every component of a family owes its user, as functions that raise where it is broken.

They are public, so that a component kept in another package can be held to the same law:

    from tidegate.testing.contract import check_member
    check_member(MyFactors)

A pass refutes nothing but what was tried: every kit says which cuts and seeds those are.
"""
