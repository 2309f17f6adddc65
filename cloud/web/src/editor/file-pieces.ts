// Pictures and links to files in the text, as they are shown on lines without a cursor.

import type { EditorView } from '@codemirror/view';
import { h } from 'preact';
import { FileLink } from '../output/FileLink.tsx';
import { Picture } from '../output/ValueOutput.tsx';
import { contextOf } from './context.ts';
import { Piece } from './widget.ts';

/** A picture, or a link to a file, by its path from the document. */
export class FilePiece extends Piece {
  readonly #path: string;
  readonly #label: string;
  readonly #isPicture: boolean;

  constructor(path: string, label: string, isPicture: boolean) {
    super();
    this.#path = path;
    this.#label = label;
    this.#isPicture = isPicture;
  }

  get frame() {
    return { tag: 'span', class: this.#isPicture ? 'md-picture' : 'md-file' };
  }

  override eq(other: FilePiece): boolean {
    return this.#path === other.#path && this.#label === other.#label && this.#isPicture === other.#isPicture;
  }

  override draw(view: EditorView) {
    const [path, label] = [this.#path, this.#label];
    const fetch = (path: string) => contextOf(view).file(path);
    if (!this.#isPicture) return h(FileLink, { path, label, fetch });
    return h(Picture, { mime: typeOf(path), content: { link: path }, label, fetch });
  }
}

/** What a picture's name says of it: a browser finds out by itself, but for SVG. */
function typeOf(path: string): string {
  return /\.svg$/i.test(path) ? 'image/svg+xml' : 'image/png';
}
