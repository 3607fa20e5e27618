"""Reports: pages and documents about runs, made from their folders alone."""

from __future__ import annotations

from chimerae.report.document import write_results
from chimerae.report.page import write_report

__all__ = ["write_report", "write_results"]
