"""Discovery, isolation, conflicts (``host``, ``records``) and what plugins offer (``registry``).

Nothing is imported here: ``rgankit --help`` needs the host alone, and the registry needs pydantic and numpy.
"""
