"""Models of others as subjects of an evaluation: autoencoders of diffusers, functions, images alone."""

from __future__ import annotations

from chimerae.foreign.diffusers import CLASSES, of_autoencoder, open_autoencoder
from chimerae.foreign.function import of_function
from chimerae.foreign.pictures import of_pictures
from chimerae.foreign.subject import CodeKind, Fitted, Subject

__all__ = [
    "CLASSES",
    "CodeKind",
    "Fitted",
    "Subject",
    "of_autoencoder",
    "of_function",
    "of_pictures",
    "open_autoencoder",
]
