"""Changes resources: by editing their YAML in place, or in the index, where no document declares them."""
