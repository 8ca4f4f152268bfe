"""The five published studies, one readable file each; no machinery lives here."""
