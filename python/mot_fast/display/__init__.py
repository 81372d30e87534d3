"""Results as pictures, tables, text, notebook cells and the report's page."""
