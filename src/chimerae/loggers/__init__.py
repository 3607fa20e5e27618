"""Loggers: TensorBoard, Weights & Biases, MLflow and Trackio show a run beside its folder."""

from chimerae.loggers.logger import Logger, Part
from chimerae.loggers.together import LOGGERS, Loggers, checked, parts

__all__ = ["LOGGERS", "Logger", "Loggers", "Part", "checked", "parts"]
