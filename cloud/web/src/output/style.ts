// How a piece of a terminal's text looks: SGR of ECMA-48, with 256 and true colours.

export interface Style {
  /** A number of the palette (0 to 255), or a colour of the web. */
  color: number | string | null;
  background: number | string | null;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
  strike: boolean;
}

export const PLAIN: Style = {
  color: null, background: null, bold: false, dim: false, italic: false, underline: false, inverse: false, strike: false,
};

/** The style after a sequence `ESC [ … m` with these parameters. What is unknown changes nothing. */
export function afterSgr(before: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map((code) => (code === '' ? 0 : Number(code)));
  let style = before;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    if (code === 38 || code === 48) {
      const [colour, used] = extended(codes.slice(at + 1));
      at += used;
      if (colour !== null) style = code === 38 ? { ...style, color: colour } : { ...style, background: colour };
    } else {
      style = simple(style, code);
    }
  }
  return style;
}

function simple(style: Style, code: number): Style {
  switch (code) {
    case 0: return PLAIN;
    case 1: return { ...style, bold: true };
    case 2: return { ...style, dim: true };
    case 3: return { ...style, italic: true };
    case 4: return { ...style, underline: true };
    case 7: return { ...style, inverse: true };
    case 9: return { ...style, strike: true };
    case 22: return { ...style, bold: false, dim: false };
    case 23: return { ...style, italic: false };
    case 24: return { ...style, underline: false };
    case 27: return { ...style, inverse: false };
    case 29: return { ...style, strike: false };
    case 39: return { ...style, color: null };
    case 49: return { ...style, background: null };
  }
  if (code >= 30 && code <= 37) return { ...style, color: code - 30 };
  if (code >= 40 && code <= 47) return { ...style, background: code - 40 };
  if (code >= 90 && code <= 97) return { ...style, color: code - 82 };
  if (code >= 100 && code <= 107) return { ...style, background: code - 92 };
  return style;
}

function extended(codes: number[]): [number | string | null, number] {
  if (codes[0] === 5 && codes[1] !== undefined) return [codes[1] <= 255 ? codes[1] : null, 2];
  if (codes[0] === 2 && codes.length >= 4) return [`rgb(${codes.slice(1, 4).map((c) => Math.min(255, c)).join(',')})`, 4];
  return [null, codes.length];
}

/** A colour of the palette above 15 as one of the web; the first 16 are the page's own, so that they suit light and dark. */
export function paletteColour(number: number): string {
  if (number < 16) return `var(--ansi-${number})`;
  if (number >= 232) return `rgb(${Array(3).fill(8 + (number - 232) * 10).join(',')})`;
  const level = (n: number) => (n === 0 ? 0 : 55 + n * 40);
  const at = number - 16;
  return `rgb(${[Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map(level).join(',')})`;
}
