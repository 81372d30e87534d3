"""Pages for a browser, of one alignment and of many: `page/` has their HTML, styles and script."""
