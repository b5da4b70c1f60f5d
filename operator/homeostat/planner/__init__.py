"""Pure planning: what is desired and what was observed, in; a plan that explains itself, out. No I/O."""
