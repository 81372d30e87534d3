"""Names of layers and networks that a page or a table must not take for markup."""

from __future__ import annotations

NASTY = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(3)>",
    "\"' onload=alert(4) x='",
    "{{ 7 * 191 }}{% raw %}",
    "%{x} ${x} <b>bold</b> &amp;",
    "\u2028 line \U0001f9e0 \x00",
]
