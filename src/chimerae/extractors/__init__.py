"""Feature networks: what metrics see of images beside their pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chimerae.extractors.classifier import Classifier, open_classifier
from chimerae.extractors.efficientnet import EfficientNet, open_efficientnet
from chimerae.extractors.extractor import Extractor, Wanted
from chimerae.extractors.inception import Inception, open_inception
from chimerae.extractors.perceptual import Perceptual, open_perceptual
from chimerae.extractors.vgg16 import VGG16, open_vgg16
from chimerae.extractors.weights import MissingWeights

EXTRACTORS: Mapping[str, Callable[[Wanted], Extractor]] = {
    Classifier.name: open_classifier,
    EfficientNet.name: open_efficientnet,
    Inception.name: open_inception,
    VGG16.name: open_vgg16,
    Perceptual.name: open_perceptual,
}
"""Name of a feature network -> how it is opened; an `InputError` says why it cannot be."""

__all__ = [
    "EXTRACTORS",
    "VGG16",
    "Classifier",
    "EfficientNet",
    "Extractor",
    "Inception",
    "MissingWeights",
    "Perceptual",
    "Wanted",
    "open_classifier",
    "open_efficientnet",
    "open_inception",
    "open_perceptual",
    "open_vgg16",
]
