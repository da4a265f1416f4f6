"""What a commune puts on paper: the same contents as PDF with the national heading and as XLSX."""

import asyncio

from shared.documents.paper import Paper, Signature, Table, dated
from shared.documents.pdf import pdf_of

__all__ = ["Paper", "Signature", "Table", "dated", "pdf_of", "xlsx_of"]


async def xlsx_of(paper: Paper) -> bytes:
    """Return a paper's heading and tables as a workbook of one sheet; made in another thread."""
    from shared.documents.xlsx import written  # only here: a process that writes no workbook does without its 8 MB

    return await asyncio.to_thread(written, paper)
