"""Pure functions on arrays: returns, scores, trading. One definition each."""
