"""What tests in a browser share: a page in the theme's colours, a web server, axe-core."""

import contextlib
import functools
import http.server
import threading
from pathlib import Path

AXE = Path(__file__).parents[1] / "book/figures/node_modules/axe-core/axe.min.js"
PAGE = """<!doctype html>
<html lang="{language}" data-theme="{theme}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><link rel="icon" href="data:,">
{head}
<style>
html {{ --pst-color-text-base: #323232; --pst-color-text-muted: #48566b;
  --pst-color-border: #c9c9c9; --pst-color-background: #fff; --pst-color-surface: #f5f5f5; }}
html[data-theme="dark"] {{ --pst-color-text-base: #ced6dd; --pst-color-text-muted: #9ca4af;
  --pst-color-border: #48566b; --pst-color-background: #121212; --pst-color-surface: #202020; }}
body {{ color: var(--pst-color-text-base); background: var(--pst-color-background);
  font-family: sans-serif; }}
main {{ max-width: {width}; margin: auto; }}
</style></head>
<body><main><h1>{title}</h1>{body}</main></body></html>
"""


def page_with(title, body, *, head="", theme="light", language="en", width="45rem"):
    """Return a page in the frame and the colours that the book's theme would give its body."""
    return PAGE.format(
        title=title, body=body, head=head, theme=theme, language=language, width=width
    )


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serve(folder):
    """Serve a folder while the block runs; gives the address."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def violations_on(page, **options):
    """Return what axe-core finds on a page."""
    page.add_script_tag(path=AXE)
    return page.evaluate(
        "(options) => axe.run(options).then((result) => result.violations)", options
    )
