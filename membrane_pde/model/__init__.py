"""The discrete model: mesh, membrane, boundaries, the system of equations."""
