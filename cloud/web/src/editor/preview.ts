// Text as it reads: the marks of Markdown are hidden on lines without a cursor.

import { syntaxTree } from '@codemirror/language';
import { RangeSetBuilder, type EditorState } from '@codemirror/state';
import { Decoration, EditorView, ViewPlugin, WidgetType, type DecorationSet, type ViewUpdate } from '@codemirror/view';
import type { SyntaxNode } from '@lezer/common';
import { idOfName, linkedPath } from '../documents/asset-paths.ts';
import { FilePiece } from './file-pieces.ts';

class Bullet extends WidgetType {
  override toDOM(): HTMLElement {
    const dom = document.createElement('span');
    dom.textContent = '•';
    dom.className = 'md-bullet';
    return dom;
  }
  override eq(): boolean {
    return true;
  }
}

const hidden = Decoration.replace({});
const bullet = Decoration.replace({ widget: new Bullet() });
const quote = Decoration.line({ class: 'md-quote-line' });
const heading = [1, 2, 3, 4, 5, 6].map((level) => Decoration.line({ class: `md-h${Math.min(level, 4)}-line` }));
const table = Decoration.line({ class: 'md-table-line' });

/** Marks that are hidden with the blank after them. */
const WITH_BLANK = new Set(['HeaderMark', 'QuoteMark']);
const MARKS = new Set([...WITH_BLANK, 'EmphasisMark', 'StrikethroughMark', 'LinkMark']);

/** What is shown of a picture, or of a link to a file beside the document; `null` for links to the web and to other documents. */
function pieceOf(state: EditorState, node: SyntaxNode): FilePiece | null {
  const [url, [open, close]] = [node.getChild('URL'), node.getChildren('LinkMark')];
  if (!url || !open || !close || state.doc.lineAt(node.from).to < node.to) return null;
  const path = state.doc.sliceString(url.from, url.to).replace(/^<|>$/g, '');
  const label = state.doc.sliceString(open.to, close.from).replace(/\\([!-/:-@[-`{-~])/g, '$1');
  const isPicture = node.name === 'Image';
  // Of a link only a file that was added is known to be one.
  if (linkedPath('document', path) === null || (!isPicture && idOfName(path) === null)) return null;
  return new FilePiece(path, label || path, isPicture);
}

function build(view: EditorView): DecorationSet {
  const { state } = view;
  const found: { from: number; to: number; what: Decoration }[] = [];
  const isTouched = (from: number, to: number) => {
    if (!view.hasFocus) return false;
    const [first, last] = [state.doc.lineAt(from).from, state.doc.lineAt(to).to];
    return state.selection.ranges.some((range) => range.from <= last && range.to >= first);
  };
  for (const { from, to } of view.visibleRanges) {
    syntaxTree(state).iterate({
      from,
      to,
      enter(node) {
        const { name } = node;
        if (name === 'FencedCode' || name === 'CodeBlock' || name === 'HTMLBlock' || name === 'CommentBlock') return false;
        const level = /^(?:ATXHeading|SetextHeading)(\d)$/.exec(name);
        const start = state.doc.lineAt(node.from).from;
        if (level) found.push({ from: start, to: start, what: heading[Number(level[1]) - 1]! });
        if (name === 'Table') {
          for (let at = node.from; at < node.to; at = state.doc.lineAt(at).to + 1) found.push({ from: state.doc.lineAt(at).from, to: state.doc.lineAt(at).from, what: table });
          return false;
        }
        if (name === 'QuoteMark') found.push({ from: start, to: start, what: quote });
        const piece = name === 'Image' || name === 'Link' ? pieceOf(state, node.node) : null;
        if (piece && !isTouched(node.from, node.to)) {
          found.push({ from: node.from, to: node.to, what: Decoration.replace({ widget: piece }) });
          return false;
        }
        const isInlineCode = name === 'CodeMark' && node.node.parent?.name === 'InlineCode';
        const isLinkEnd = (name === 'URL' || name === 'LinkTitle') && node.node.parent?.name === 'Link';
        if (name === 'ListMark' && node.to - node.from === 1 && !isTouched(node.from, node.to)) found.push({ from: node.from, to: node.to, what: bullet });
        if ((!MARKS.has(name) && !isInlineCode && !isLinkEnd) || isTouched(node.from, node.to)) return;
        const blank = WITH_BLANK.has(name) && state.doc.sliceString(node.to, node.to + 1) === ' ' ? 1 : 0;
        const before = name === 'LinkTitle' ? 1 : 0;
        found.push({ from: node.from - before, to: Math.min(node.to + blank, state.doc.lineAt(node.from).to), what: hidden });
        return;
      },
    });
  }
  found.sort((a, b) => a.from - b.from || a.what.startSide - b.what.startSide);
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to, what } of found) if (to > from || what.spec.class) builder.add(from, to, what);
  return builder.finish();
}

export const preview = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = build(view);
    }

    update(update: ViewUpdate): void {
      const isReparsed = syntaxTree(update.startState) !== syntaxTree(update.state);
      if (update.docChanged || update.viewportChanged || update.selectionSet || update.focusChanged || isReparsed) {
        this.decorations = build(update.view);
      }
    }
  },
  { decorations: (plugin) => plugin.decorations },
);
