// Text that is hard to read, as WCAG 2 measures it (1.4.3): contrast below 4.5 to 1.
// Gives one line for each colour on each ground; what has no text or is not shown is left out.
(() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const over = (top, below) => {
    const mix = (one) => top[one] * top.a + below[one] * (1 - top.a);
    return { r: mix("r"), g: mix("g"), b: mix("b"), a: 1 };
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((value) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement)
      layers.push(parse(getComputedStyle(at).backgroundColor));
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const canvas = dark ? { r: 18, g: 18, b: 18, a: 1 } : { r: 255, g: 255, b: 255, a: 1 };
    return layers.reverse().reduce((below, layer) => over(layer, below), canvas);
  };
  const found = new Map();
  const measure = (element, style, text) => {
    if (!text.trim()) return;
    const paper = ground(element);
    let ink = parse(style.color);
    for (let at = element; at; at = at.parentElement)
      ink.a *= Number(getComputedStyle(at).opacity);
    ink = over(ink, paper);
    const [one, other] = [light(ink), light(paper)].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio >= 4.5) return;
    const colours = [ink, paper].map(({ r, g, b }) => [r, g, b].map(Math.round).join(","));
    const where = element.tagName.toLowerCase() + (element.className ? `.${element.className}` : "");
    found.set(`${where} ${colours.join(" on ")}`, `${ratio.toFixed(1)} ${text.trim().slice(0, 30)}`);
  };
  for (const element of document.querySelectorAll("body, body *")) {
    if (element.closest("script, style, svg, option, [hidden], :disabled")) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    if (element.matches("input, textarea")) {
      if (["checkbox", "radio", "hidden"].includes(element.type)) continue;
      measure(element, style, element.value);
      if (!element.value)
        measure(element, getComputedStyle(element, "::placeholder"), element.placeholder);
    } else if (element.matches("select")) {
      measure(element, style, element.selectedOptions[0]?.text ?? "");
    } else {
      for (const part of element.childNodes)
        if (part.nodeType === Node.TEXT_NODE) measure(element, style, part.data);
    }
    for (const place of ["::before", "::after"]) {
      const pseudo = getComputedStyle(element, place);
      if (!["none", "normal"].includes(pseudo.content) && pseudo.display !== "none")
        measure(element, pseudo, pseudo.content.slice(1, -1));
    }
  }
  return [...found].map((line) => line.join(": "));
})();
