"""Pure decisions: what is seen at the close of t → what to hold from the next open on."""
