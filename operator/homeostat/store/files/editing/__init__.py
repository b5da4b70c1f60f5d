"""Changes resources: edits their YAML in place, or edits the index where no document declares them."""
