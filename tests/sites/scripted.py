"""A mirror whose pages are built by a script, in the browser.

Its server sends the same shell for every page. The shell's script asks for the content, which
stands under /content/, and puts it in the shell's place. What else a page can ask for is there
too: pictures, a script of another host, a beacon, a frame, another address to go to.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from tests.sites.server import Answer, Site

CONTENT = "/content"

Oddity = Literal["busy", "clock", "elsewhere"]
"""What a page does besides.

- busy: its script never lets go, so that nobody can look at the page.
- clock: it shows the time, and never comes to rest.
- elsewhere: it asks for all that a crawler has no need of, and wants to be left for another host.
"""

SCRIPT = """
fetch("/content" + location.pathname)
  .then((answer) => answer.ok ? answer.text() : Promise.reject(answer.status))
  .then((content) => { document.documentElement.innerHTML = content; })
  .then(() => { if (window.after) window.after(); });
"""

SHELL = """<!DOCTYPE html>
<html><head><title>One moment</title>
<link rel="stylesheet" href="/page.css">
{more}
<script src="/page.js" defer></script>
</head><body><p>One moment, please.</p></body></html>
"""

BUSY = "<script>window.after = () => { for (;;) {} };</script>"

CLOCK = """<script>window.after = () => {
  const clock = document.body.appendChild(document.createElement("p"));
  setInterval(() => { clock.textContent = performance.now(); }, 20);
};</script>"""

ELSEWHERE = """<link rel="icon" href="/icon.ico">
<script src="{other}/counter.js"></script>
<script src="/away.js"></script>
<script>
fetch("{other}/data");
fetch("/like", {{ method: "POST", body: "1" }});
navigator.sendBeacon("/seen", "1");
new EventSource("/news");
new WebSocket("ws" + "{other}/".slice(4));
new Image().src = "/picture.png";
navigator.serviceWorker?.register("/worker.js");
const peer = new RTCPeerConnection({{ iceServers: [{{ urls: "stun:127.0.0.1:{other_port}" }}] }});
peer.createDataChannel("x");
peer.createOffer().then((offer) => peer.setLocalDescription(offer));
window.after = () => {{
  const frame = document.body.appendChild(document.createElement("iframe"));
  frame.src = "/frame.html";
  window.open("/popup.html");
  location = "{other}/left";
}};
</script>"""


def scripted_site(
    folder: Path, *, oddities: Mapping[str, Oddity] | None = None, other: str = ""
) -> Site:
    """The site of a folder of pages, which a browser has to put together.

    `oddities` by path; `other`: the address of another host, without a slash at its end.
    """
    odd = dict(oddities or {})
    more = {
        "busy": BUSY,
        "clock": CLOCK,
        "elsewhere": ELSEWHERE.format(other=other, other_port=urlsplit(other).port or 9),
    }

    def answer(target: str) -> Answer | None:
        path = urlsplit(target).path
        if path == "/page.js":
            return Answer(SCRIPT.encode(), "text/javascript")
        if path == "/page.css":
            return Answer(b"p { color: gray }", "text/css")
        if path == "/away.js":
            return Answer(b"", status=302, headers={"Location": f"{other}/away.js"})
        if path.startswith(f"{CONTENT}/"):
            page = site.page(path.removeprefix(CONTENT))
            return None if page is None else Answer(page.content)
        page = site.page(path)
        if page is None or page.media_type != "text/html" or not page.modified:
            return None
        return Answer(SHELL.format(more=more[odd[path]] if path in odd else "").encode())

    site = Site(folder, script=answer)
    return site
