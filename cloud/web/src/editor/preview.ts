// Text as it reads: the marks of Markdown are hidden on lines without a cursor.

import { syntaxTree } from '@codemirror/language';
import { RangeSetBuilder } from '@codemirror/state';
import { Decoration, EditorView, ViewPlugin, WidgetType, type DecorationSet, type ViewUpdate } from '@codemirror/view';

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
