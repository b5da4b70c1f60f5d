"""What can be asked for of resources, written once for whoever asks. Refusals are in this room's own words, which each caller
turns into theirs."""
