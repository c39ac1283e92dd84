# Home Assistant puts its own engine in the place of voluptuous; the types are that engine's.
from probatio import *
