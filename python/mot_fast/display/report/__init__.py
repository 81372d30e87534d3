"""An alignment as one self-contained page: Python collects its content, `page/` has its HTML, style and script."""
