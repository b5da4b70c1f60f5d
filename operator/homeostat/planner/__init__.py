"""Pure planning: takes what is desired and what was observed, and returns a plan that explains itself. No I/O."""
