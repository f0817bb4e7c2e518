"""`python -m membrane_pde` is the command `membrane-pde`."""

from membrane_pde.cli import main

if __name__ == "__main__":
    main()
