"""What everybody must be able to use: what is wrong with a page for who has a narrow screen, a keyboard or a reader."""

from playwright.async_api import Page

_NARROW, _WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 900}

# Radio buttons of one group are one stop; what only scripts show may be hidden.
_FAULTS = """() => {
  const faults = [], seen = (each) => each.checkVisibility() && !each.closest("[hidden]");
  if (document.documentElement.lang !== "vi") faults.push(`language ${document.documentElement.lang}`);
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) faults.push(`two things are #${id}`);
  for (const each of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (seen(each) && !each.labels.length && !each.ariaLabel) faults.push(`no label: ${each.name}`);
  for (const each of document.querySelectorAll("table"))
    if (!each.caption?.textContent.trim()) faults.push(`no caption: ${each.textContent.trim().slice(0, 40)}`);
  for (const each of document.querySelectorAll("a[href], button"))
    if (seen(each) && !each.textContent.trim() && !each.ariaLabel) faults.push(`no name: ${each.outerHTML}`);
  for (const each of document.querySelectorAll("[aria-describedby]")) {
    const by = each.getAttribute("aria-describedby");
    if (!document.getElementById(by)) faults.push(`nothing is #${by}`);
  }
  return faults;
}"""

_OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

_STOPS = """() => {
  const groups = new Set();
  const reachable = "a[href], button, input:not([type=hidden]), select, textarea";
  return [...document.querySelectorAll(reachable)].filter((each) => {
    if (!each.checkVisibility() || each.closest("[hidden]") || each.disabled) return false;
    if (each.type !== "radio") return true;
    const group = `${each.form?.action} ${each.name}`;
    return !groups.has(group) && groups.add(group);
  }).length;
}"""

_HERE = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  if (at.type === "radio") return `radio ${at.form?.action} ${at.name}`;
  return String([...document.querySelectorAll("*")].indexOf(at));
}"""


class Watched:
    """A page whose scripts and requests are listened to. `faults` grows with what is wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._heard(said.type, said.text))

    def _heard(self, kind: str, words: str) -> None:
        # A refusal is an answer, and the browser says of every answer from 400 on that it failed to load.
        if kind == "error" and "the server responded with a status of 4" not in words:
            self.faults.append(f"{self.page.url}: {words}")

    async def look(self) -> None:
        """Look at the page as it is, on a wide screen and on a narrow one."""
        found = await self.page.evaluate(_FAULTS)
        await self.page.set_viewport_size(_NARROW)  # type: ignore[arg-type]
        if (over := await self.page.evaluate(_OVERFLOW)) > 0:
            found.append(f"{over} px wider than {_NARROW['width']}")
        await self.page.set_viewport_size(_WIDE)  # type: ignore[arg-type]
        self.faults += [f"{self.page.url}: {each}" for each in found]

    async def tab_through(self) -> None:
        """Go through the page with the tab key: every link, button and field is a stop."""
        await self.page.evaluate("() => { document.activeElement?.blur(); getSelection()?.removeAllRanges(); }")
        wanted, stops = await self.page.evaluate(_STOPS), set()
        for _ in range(wanted + 20):  # what scrolls is a stop of its own
            await self.page.keyboard.press("Tab")
            stops.add(await self.page.evaluate(_HERE))
        if len(stops - {None}) < wanted:
            self.faults.append(f"{self.page.url}: {len(stops)} stops of {wanted}")

    async def reach(self, words: str) -> None:
        """Go with the tab key to the link or button that says some words."""
        said = "() => document.activeElement?.textContent?.trim() ?? ''"
        for _ in range(300):
            if (await self.page.evaluate(said)) == words:
                return
            await self.page.keyboard.press("Tab")
        self.faults.append(f"{self.page.url}: the keyboard does not come to {words!r}")
