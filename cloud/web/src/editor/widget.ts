// A piece of the page within the editor, drawn by Preact.

import { WidgetType, type EditorView } from '@codemirror/view';
import { render, type ComponentChild } from 'preact';

const watched = new WeakMap<HTMLElement, ResizeObserver>();

export abstract class Piece extends WidgetType {
  abstract draw(view: EditorView, dom: HTMLElement): ComponentChild;
  /** Tag and class of its element. */
  abstract readonly frame: { tag: string; class: string };

  override toDOM(view: EditorView): HTMLElement {
    const dom = document.createElement(this.frame.tag);
    dom.className = this.frame.class;
    dom.contentEditable = 'false';
    render(this.draw(view, dom), dom);
    // Its height changes when outputs come; the editor is told.
    const observer = new ResizeObserver(() => view.requestMeasure());
    observer.observe(dom);
    watched.set(dom, observer);
    return dom;
  }

  override updateDOM(dom: HTMLElement, view: EditorView): boolean {
    if (dom.className !== this.frame.class) return false;
    render(this.draw(view, dom), dom);
    return true;
  }

  override destroy(dom: HTMLElement): void {
    watched.get(dom)?.disconnect();
    render(null, dom);
  }

  override ignoreEvent(): boolean {
    return true;
  }
}
