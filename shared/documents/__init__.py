"""What a commune puts on paper: the same contents as PDF with the national heading and as XLSX."""

from shared.documents.paper import Paper, Signature, Table, dated
from shared.documents.pdf import pdf_of
from shared.documents.xlsx import xlsx_of

__all__ = ["Paper", "Signature", "Table", "dated", "pdf_of", "xlsx_of"]
