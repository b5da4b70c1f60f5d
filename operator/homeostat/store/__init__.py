"""Where resources live: a folder of YAML files, or Kubernetes."""
