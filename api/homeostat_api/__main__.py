from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()  # nothing of what is imported is garbage: to look for some takes a fifth of the start
    from .server import main

    gc.freeze()
    gc.enable()
    main()
