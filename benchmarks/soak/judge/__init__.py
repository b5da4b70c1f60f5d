"""What must hold: all the time (``looks``), once it has settled (``settled``), and of each disk for ever (``canaries``)."""
