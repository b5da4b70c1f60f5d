"""The soak: random edits, file operations, kills, virsh acts and faults, and after each phase a judgement of what must hold.

``world`` is what is acted upon, ``desired`` what its YAML says (kept apart from the operator), ``acts/`` what may happen to it,
``judge/`` what must hold all the time (``looks``) and once it has settled (``settled``). ``program`` puts them together.
"""
