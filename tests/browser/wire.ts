// Values between a page and the server: JSON, with bytes as base64.

/** Text of a value that may have bytes in it. */
export function encode(value: unknown): string {
  return JSON.stringify(value, (_, item) => {
    if (!(item instanceof Uint8Array)) return item;
    let binary = "";
    for (let i = 0; i < item.length; i += 4096) binary += String.fromCharCode(...item.subarray(i, i + 4096));
    return { "~bytes": btoa(binary) };
  });
}

/** The value of such a text. */
export function decode(text: string): unknown {
  return JSON.parse(text, (_, item) => {
    const base64 = (item as { "~bytes"?: string } | null)?.["~bytes"];
    return base64 === undefined ? item : Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  });
}
