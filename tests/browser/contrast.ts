// Whether what a page says can be read: WCAG's contrast of each text with what lies behind it. Runs
// in the page.

/** Texts whose contrast is less than 4.5, which WCAG 2.2 (1.4.3) asks for. */
export function lowContrast(): string[] {
  // The page's own globals: this function is sent to it as text.
  // deno-lint-ignore no-explicit-any
  const { document, getComputedStyle } = globalThis as any;
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  /** A colour as an engine paints it over another. */
  const painted = (...colours: string[]): number[] => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r = 0, g = 0, b = 0]: number[]): number => {
    const [red = 0, green = 0, blue = 0] = [r, g, b].map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const faults: string[] = [];
  const walker = document.createTreeWalker(document.body, 4);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement, text = node.textContent.trim();
    if (text === "" || element.closest("script, noscript, option") || element.getClientRects().length === 0) continue;
    const behind: string[] = [];
    for (let at = element; at !== null; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    const back = painted("white", ...behind), front = painted("white", ...behind, getComputedStyle(element).color);
    const [low = 0, high = 0] = [luminance(front), luminance(back)].sort((left, right) => left - right);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) faults.push(`${text.slice(0, 40)}: ${contrast.toFixed(2)}`);
  }
  return faults;
}
