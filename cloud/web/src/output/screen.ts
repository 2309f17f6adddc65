// What a terminal would show of a text that comes in pieces: progress bars are one line, colours are styles.

import { afterSgr, PLAIN, type Style } from './style.ts';

export interface Span {
  text: string;
  style: Style;
}

/** Columns beyond which a cursor is not moved. */
const COLUMN_MAX = 4096;
/** Lines that are kept. Of more the first are let go, and counted. */
export const LINES_MAX = 20_000;

export class Screen {
  readonly lines: Span[][] = [[]];
  /** Lines at the beginning that are not kept any more. */
  dropped = 0;
  #row = 0;
  #column = 0;
  #style: Style = PLAIN;
  /** An escape sequence whose end has not come. */
  #pending = '';

  /** Takes the next piece. */
  write(piece: string): void {
    const text = this.#pending + piece;
    this.#pending = '';
    let at = 0;
    while (at < text.length) {
      const next = controlAfter(text, at);
      if (next > at) this.#put(text.slice(at, next));
      if (next >= text.length) break;
      if (text[next] === '\u001b') {
        const end = this.#escape(text, next);
        if (end === null) {
          this.#pending = text.slice(next);
          break;
        }
        at = end;
      } else {
        this.#control(text[next]!);
        at = next + 1;
      }
    }
    if (this.lines.length > LINES_MAX * 1.25) this.#drop(this.lines.length - LINES_MAX);
  }

  /** Its text without colours. */
  text(): string {
    return this.lines.map((line) => line.map((span) => span.text).join('')).join('\n');
  }

  #drop(count: number): void {
    this.lines.splice(0, count);
    this.dropped += count;
    this.#row = Math.max(0, this.#row - count);
  }

  #control(c: string): void {
    if (c === '\n') {
      this.#row += 1;
      this.#column = 0;
      if (this.#row === this.lines.length) this.lines.push([]);
    } else if (c === '\r') this.#column = 0;
    else if (c === '\b') this.#column = Math.max(0, this.#column - 1);
  }

  #put(text: string): void {
    const line = this.lines[this.#row]!;
    const length = lengthOf(line);
    if (this.#column === length) {
      append(line, text, this.#style);
      this.#column += text.length;
      return;
    }
    if (this.#column > length) append(line, ' '.repeat(this.#column - length), PLAIN);
    const before = cut(line, 0, this.#column);
    const after = cut(line, this.#column + text.length, Infinity);
    const spans = [...before];
    append(spans, text, this.#style);
    for (const span of after) append(spans, span.text, span.style);
    this.lines[this.#row] = spans;
    this.#column += text.length;
  }

  /** Where what began with the escape character at `at` ends; `null` if its end has not come. */
  #escape(text: string, at: number): number | null {
    const kind = text[at + 1];
    if (kind === undefined) return null;
    if (kind === '[') {
      let end = at + 2;
      while (end < text.length && /[ -?]/.test(text[end]!)) end += 1;
      if (end === text.length) return null;
      if (/[@-~]/.test(text[end]!)) {
        this.#command(text[end]!, text.slice(at + 2, end));
        return end + 1;
      }
      return end;
    }
    if (kind === ']') {
      const found = /\u0007|\u001b\\|\n/.exec(text.slice(at + 2));
      if (!found) return text.length - at > 4096 ? text.length : null;
      return at + 2 + found.index + (found[0] === '\n' ? 0 : found[0].length);
    }
    return at + 2;
  }

  #command(command: string, parameters: string): void {
    const number = /^\d+$/.test(parameters) ? Number(parameters) : null;
    const count = Math.max(1, number ?? 1);
    const line = this.lines[this.#row]!;
    switch (command) {
      case 'm': this.#style = afterSgr(this.#style, parameters); break;
      case 'A': this.#row = Math.max(0, this.#row - count); break;
      case 'B': this.#row = Math.min(this.lines.length - 1, this.#row + count); break;
      case 'C': this.#column = Math.min(COLUMN_MAX, this.#column + count); break;
      case 'D': this.#column = Math.max(0, this.#column - count); break;
      case 'G': this.#column = Math.min(COLUMN_MAX, count - 1); break;
      case 'K':
        if ((number ?? 0) === 0) this.lines[this.#row] = cut(line, 0, this.#column);
        else if (number === 2) this.lines[this.#row] = [];
        else if (number === 1) this.lines[this.#row] = [{ text: ' '.repeat(this.#column), style: PLAIN }, ...cut(line, this.#column, Infinity)];
        break;
      case 'J':
        if (number === 2 || number === 3) {
          this.lines.splice(0, this.lines.length, []);
          this.#row = 0;
          this.#column = 0;
        } else if ((number ?? 0) === 0) {
          this.lines[this.#row] = cut(line, 0, this.#column);
          this.lines.splice(this.#row + 1);
        }
        break;
    }
  }
}

/** What a terminal shows of a text in the end, without colours. */
export function shownText(text: string): string {
  if (!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(text)) return text;
  const screen = new Screen();
  screen.write(text);
  return screen.text();
}

/** The same with its colours. */
export function shownLines(text: string): Span[][] {
  const screen = new Screen();
  screen.write(text);
  return screen.lines;
}

const CONTROL = /[\u0000-\u0008\n-\u001f\u007f-\u009f]/g;

function controlAfter(text: string, at: number): number {
  CONTROL.lastIndex = at;
  const found = CONTROL.exec(text);
  return found ? found.index : text.length;
}

function lengthOf(line: readonly Span[]): number {
  let length = 0;
  for (const span of line) length += span.text.length;
  return length;
}

function append(line: Span[], text: string, style: Style): void {
  const last = line.at(-1);
  if (last && (last.style === style || (last.style !== PLAIN && same(last.style, style)))) last.text += text;
  else if (text !== '') line.push({ text, style });
}

function same(a: Style, b: Style): boolean {
  return (Object.keys(a) as (keyof Style)[]).every((key) => a[key] === b[key]);
}

function cut(line: readonly Span[], from: number, to: number): Span[] {
  const spans: Span[] = [];
  let at = 0;
  for (const span of line) {
    const text = span.text.slice(Math.max(0, from - at), Math.max(0, to - at));
    if (text !== '') spans.push({ text, style: span.style });
    at += span.text.length;
  }
  return spans;
}
