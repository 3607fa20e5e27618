"""Feature networks, whose features metrics compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chimerae.features.classifier import Classifier, open_classifier
from chimerae.features.efficientnet import EfficientNet, open_efficientnet
from chimerae.features.extractor import Extractor, FeatureRequest
from chimerae.features.inception import Inception, open_inception
from chimerae.features.perceptual import (
    PERCEPTUAL,
    Perceptual,
    open_perceptual,
    open_perceptual_efficientnet,
    open_perceptual_vgg,
    perceptual_network,
)
from chimerae.features.vgg16 import VGG16, open_vgg16
from chimerae.features.weights import MissingWeights

EXTRACTORS: Mapping[str, Callable[[FeatureRequest], Extractor]] = {
    Classifier.name: open_classifier,
    EfficientNet.name: open_efficientnet,
    Inception.name: open_inception,
    VGG16.name: open_vgg16,
    Perceptual.name: open_perceptual,
    "lpips-vgg": open_perceptual_vgg,
    "perceptual-efficientnet": open_perceptual_efficientnet,
}
"""Name of a feature network -> function that opens it or raises an `InputError` with the reason."""

__all__ = [
    "EXTRACTORS",
    "PERCEPTUAL",
    "VGG16",
    "Classifier",
    "EfficientNet",
    "Extractor",
    "FeatureRequest",
    "Inception",
    "MissingWeights",
    "Perceptual",
    "open_classifier",
    "open_efficientnet",
    "open_inception",
    "open_perceptual",
    "open_vgg16",
    "perceptual_network",
]
