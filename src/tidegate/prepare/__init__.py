"""Panel → Windows and Folds: labels, normalisers, splits, and the windows themselves."""
