// Control characters in text that a Markdown file holds: each is written as its Unicode control picture, so that a carriage
// return ends no line and an escape sequence can be read. `␤` stands before a control picture that is meant as itself.

const ITSELF = '\u2424';
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/;
const PICTURE = /[\u2400-\u2408\u240b-\u241f\u2421\u2424]/;
const EITHER = new RegExp(`${CONTROL.source}|${PICTURE.source}`, 'g');
const WRITTEN = new RegExp(`${ITSELF}(${PICTURE.source})|${PICTURE.source}`, 'g');

/** Text without control characters but tab and line feed, from which `decodePictures` makes the same text again. */
export function encodePictures(text: string): string {
  return text.replace(EITHER, (c) => {
    if (!CONTROL.test(c)) return ITSELF + c;
    return c === '\u007f' ? '\u2421' : String.fromCharCode(0x2400 + c.charCodeAt(0));
  });
}

/** The text that was written as this. */
export function decodePictures(text: string): string {
  return text.replace(WRITTEN, (c, itself: string | undefined) => {
    if (itself) return itself;
    if (c === ITSELF) return c;
    return c === '\u2421' ? '\u007f' : String.fromCharCode(c.charCodeAt(0) - 0x2400);
  });
}
