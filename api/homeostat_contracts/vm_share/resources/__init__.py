"""The paths of VM-share's API, a small class for each."""
