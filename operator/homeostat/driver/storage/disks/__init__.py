"""The disks of machines: made, copied, grown, labelled and read."""
