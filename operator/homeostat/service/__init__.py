"""What can be asked for of resources, once, whoever asks. It refuses in its own words, which those who ask turn into theirs."""
