// Numbers as they are typed: text in, a number out. Anything else is given on as text, which the
// library refuses by name.

export const integer = (typed: string): unknown => /^-?\d+$/.test(typed.trim()) ? Number(typed) : typed;

export const long = (typed: string): unknown => /^-?\d+$/.test(typed.trim()) ? BigInt(typed) : typed;

/** Only what is typed as `NaN` is NaN. */
export const float = (typed: string): unknown => {
  const text = typed.trim(), value = Number(text);
  return text === "" || Number.isNaN(value) && text !== "NaN" ? typed : value;
};
