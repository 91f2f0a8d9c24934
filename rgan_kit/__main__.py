"""``python -m rgan_kit`` is the same program as ``rgankit``."""

from rgan_kit.cli import main

if __name__ == "__main__":
    main()
