"""Names of layers and networks that would break a table or a page, if nothing in them were escaped."""

IN_TABLES = [
    *("a|b", "`c`", "\\", "a\\|b", "<script>alert(1)</script>", "&lt;", "line\nend", "tab\t", "\r", " ", " x ", "*x*"),
    *("_x_", "a_b", "__x__", "x_", "[x](javascript:1)", "![x](http://x)", "~~x~~", "$x$", "# x", "- x", "1. x", "> x"),
    *("\x1b[31m", "\u2028", "\u202e", "\ud800", "\0", "a\u00a0b", "層", "=", "+ x", "1) x", ": x"),
]

IN_PAGES = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(3)>",
    "\"' onload=alert(4) x='",
    "{{ 7 * 191 }}{% raw %}",
    "%{x} ${x} <b>bold</b> &amp;",
    "\u2028 line \U0001f9e0 \x00",
]
