"""An alignment as one self-contained page: its figures and pairs in Python, its HTML, style and script in `page/`."""
