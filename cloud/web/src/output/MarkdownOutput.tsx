// Markdown of an output. It becomes elements one by one and never HTML: HTML in it is shown as text, links lead to the web only, and
// nothing is fetched from elsewhere.

import type { SyntaxNode } from '@lezer/common';
import { GFM, parser } from '@lezer/markdown';
import { Fragment, h, type ComponentChild } from 'preact';
import { Formula } from './Formula.tsx';
import { dollarsEnd, mathPieces } from './math.ts';

const DOLLAR = 36;

const markdown = parser.configure([
  GFM,
  {
    defineNodes: ['Math'],
    parseInline: [{
      name: 'Math',
      before: 'Escape',
      parse(context, next, at) {
        const end = next === DOLLAR ? dollarsEnd(context.text, at - context.offset) : -1;
        return end < 0 ? -1 : context.addElement(context.elt('Math', at, end + context.offset));
      },
    }],
  },
]);

export function MarkdownOutput({ source }: { source: string }) {
  const tree = markdown.parse(source);
  return <div class="markdown-output"><Blocks of={new Reader(source, tree.topNode)} node={tree.topNode} /></div>;
}

function Blocks({ of, node }: { of: Reader; node: SyntaxNode }) {
  return <>{of.children(node)}</>;
}

/** Blocks that hold blocks: what is between those is no text. */
const HOLDERS = new Set(['Document', 'Blockquote', 'BulletList', 'OrderedList', 'ListItem']);
/** Marks of Markdown, which are not shown. */
const MARKS = /Mark$|^(?:TaskMarker|CodeInfo|LinkLabel|LinkTitle|URL|TableDelimiter|LinkReference|Comment|CommentBlock|ProcessingInstruction(?:Block)?)$/;

class Reader {
  readonly #text: string;
  /** Where links lead that are written elsewhere, by their label. */
  readonly #references = new Map<string, string>();

  constructor(text: string, top: SyntaxNode) {
    this.#text = text;
    for (const node of top.getChildren('LinkReference')) {
      const [label, url] = [node.getChild('LinkLabel'), node.getChild('URL')];
      if (label && url) this.#references.set(this.#of(label).toLowerCase(), this.#of(url));
    }
  }

  /** What stands in a node: its children, and the text between them. */
  children(node: SyntaxNode): ComponentChild[] {
    const found: ComponentChild[] = [];
    let at = node.from;
    const isHolder = HOLDERS.has(node.name);
    for (let child = node.firstChild; child; child = child.nextSibling) {
      if (child.from > at && !isHolder) found.push(this.#text.slice(at, child.from));
      found.push(h(Fragment, { key: child.from }, this.#node(child)));
      at = child.to;
    }
    if (node.to > at && !isHolder) found.push(this.#text.slice(at, node.to));
    return found;
  }

  #of(node: SyntaxNode): string {
    return this.#text.slice(node.from, node.to);
  }

  #node(node: SyntaxNode): ComponentChild {
    const { name } = node;
    const level = /^(?:ATX|Setext)Heading(\d)$/.exec(name)?.[1];
    // The page has headings above it.
    if (level) return h(`h${Math.min(Number(level) + 2, 6)}`, { class: `md-h${Math.min(Number(level), 4)}` }, this.children(node));
    if (MARKS.test(name)) return null;
    return this.#block(node) ?? this.#inline(node);
  }

  #block(node: SyntaxNode): ComponentChild {
    switch (node.name) {
      case 'Paragraph':
        return <p>{this.children(node)}</p>;
      case 'Blockquote':
        return <blockquote>{this.children(node)}</blockquote>;
      case 'BulletList':
        return <ul>{this.children(node)}</ul>;
      case 'OrderedList': {
        const mark = node.getChild('ListItem')?.getChild('ListMark');
        return <ol start={mark ? Number.parseInt(this.#of(mark), 10) : 1}>{this.children(node)}</ol>;
      }
      case 'ListItem':
        return <li>{this.children(node)}</li>;
      case 'Task': {
        const mark = node.getChild('TaskMarker');
        return <p>{mark && /x/i.test(this.#of(mark)) ? '☑' : '☐'}{this.children(node)}</p>;
      }
      case 'FencedCode':
      case 'CodeBlock':
        return <pre>{node.getChildren('CodeText').map((part) => this.#of(part)).join('')}</pre>;
      case 'HorizontalRule':
        return <hr />;
      case 'HTMLBlock':
        return <p>{this.#of(node)}</p>;
      case 'Table':
        return (
          <div class="table" role="group" aria-label="Table" tabIndex={0}>
            <table>
              <thead>{node.getChildren('TableHeader').map((row) => this.#row(row, 'th'))}</thead>
              <tbody>{node.getChildren('TableRow').map((row) => this.#row(row, 'td'))}</tbody>
            </table>
          </div>
        );
    }
    return null;
  }

  #row(row: SyntaxNode, cell: 'th' | 'td'): ComponentChild {
    return <tr key={row.from}>{row.getChildren('TableCell').map((node) => h(cell, { key: node.from }, this.children(node)))}</tr>;
  }

  #inline(node: SyntaxNode): ComponentChild {
    switch (node.name) {
      case 'Emphasis':
        return <em>{this.children(node)}</em>;
      case 'StrongEmphasis':
        return <strong>{this.children(node)}</strong>;
      case 'Strikethrough':
        return <del>{this.children(node)}</del>;
      case 'InlineCode':
        return <code class="md-code">{this.children(node)}</code>;
      case 'Math':
        return mathPieces(this.#of(node)).map((piece) => (typeof piece === 'string' ? piece : <Formula key={node.from} {...piece} />));
      case 'HardBreak':
        return <br />;
      case 'Escape':
        return this.#of(node).slice(1);
      case 'Entity':
        return new DOMParser().parseFromString(this.#of(node), 'text/html').body.textContent;
      case 'Link':
        return this.#link(this.#target(node), this.#words(node));
      case 'Image':
        return this.#image(this.#target(node), this.#words(node));
      case 'Autolink':
        return this.#link(this.#of(node.getChild('URL') ?? node), [this.#of(node.getChild('URL') ?? node)]);
      default:
        return this.#of(node); // HTML, and what there is no look for
    }
  }

  /** What stands between the brackets of a link. */
  #words(node: SyntaxNode): ComponentChild[] {
    const [open, close] = node.getChildren('LinkMark');
    if (!open || !close) return [this.#of(node)];
    const words: ComponentChild[] = [];
    let at = open.to;
    for (let child = open.nextSibling; child && child.from < close.from; child = child.nextSibling) {
      words.push(this.#text.slice(at, child.from), h(Fragment, { key: child.from }, this.#node(child)));
      at = child.to;
    }
    return [...words, this.#text.slice(at, close.from)];
  }

  #target(node: SyntaxNode): string {
    const url = node.getChild('URL');
    if (url) return this.#of(url).replace(/^<|>$/g, '');
    const label = node.getChild('LinkLabel');
    const named = label && this.#of(label) !== '[]' ? this.#of(label) : `[${this.#of(node).replace(/^!?\[|\](?:\[\])?$/g, '')}]`;
    return this.#references.get(named.toLowerCase()) ?? '';
  }

  #link(url: string, words: ComponentChild[]): ComponentChild {
    const bare = /^[\w.+-]+@[\w.-]+$/.test(url) ? `mailto:${url}` : /^www\./i.test(url) ? `https://${url}` : url;
    if (!/^(?:https?:\/\/|mailto:)/i.test(bare)) return words;
    return <a href={bare} target="_blank" rel="noopener noreferrer">{words}</a>;
  }

  /** A picture that is in the text itself; another one is a link. */
  #image(url: string, words: ComponentChild[]): ComponentChild {
    const alt = words.filter((word) => typeof word === 'string').join('');
    if (/^data:image\/[\w.+-]+[;,]/i.test(url)) return <img src={url} alt={alt} />;
    return this.#link(url, alt === '' ? [url] : [alt]);
  }
}
