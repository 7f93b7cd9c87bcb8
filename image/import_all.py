"""Runs inside the image while it is built: imports every module of the operator."""

import importlib
import pkgutil

import tcpaddon

for module in pkgutil.walk_packages(tcpaddon.__path__, "tcpaddon."):
    importlib.import_module(module.name)
